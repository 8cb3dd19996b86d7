import type { Allocation, FoundFile, Job, TreeFile } from "@maand/core";
import { NO_VERSION, type Occasion, treeDigest } from "@maand/core/internal";
import type { ListedFile, Run } from "@maand/core/operator";
import type { GoBucket } from "../go-store/go-bucket.ts";
import { md5 } from "../go-store/md5.ts";
import { type Candidate, earlierCandidates } from "./candidates.ts";
import { asRecorded, type Compared, compare } from "./compare.ts";
import { isConfiguration } from "./prometheus-files.ts";
import type { ReadWorker } from "./read-worker.ts";
import { type DeployState, deployStateOf } from "./state-of.ts";

/** An allocation, and the trees that it may have been deployed with. */
export interface Unit {
  readonly allocation: Allocation;
  readonly job: Job;
  readonly state: DeployState;
  /** None for a removed allocation. */
  readonly candidates: readonly Candidate[];
}

/** What is recorded about an allocation. */
export interface Assessed extends Unit {
  readonly compared: Compared;
  readonly occasion: Occasion;
  /** Digest of the files as they would be rendered; undefined for a removed allocation. */
  readonly target: string | undefined;
  /** Whether its files were compared with those on its worker. */
  readonly isCompared: boolean;
  /**
   * Whether the allocation is not running, because a deploy stopped it (it is disabled), or because it must still be
   * started.
   */
  readonly isStopped: boolean;
  /** The actions of the next deploy for the allocation; empty if there are none. */
  readonly pending: readonly string[];
}

const NOTHING: Compared = { baseline: [], meaningless: new Set(), pending: [], refusals: [] };

/**
 * Decides what to record about an allocation from the files on its worker; `read` is undefined for an unreachable
 * worker.
 */
export async function assess(run: Run, go: GoBucket, unit: Unit, read: ReadWorker | undefined): Promise<Assessed> {
  const { allocation, job, state } = unit;
  const [first] = unit.candidates;
  const base = {
    ...unit,
    isCompared: read !== undefined,
    occasion: first?.occasion ?? occasionNow(go),
    target: first && treeDigest(first.tree.files),
  };
  if (state.kind === "never deployed")
    return { ...base, compared: NOTHING, isStopped: false, pending: allocation.removed ? [] : ["new"] };
  if (state.kind === "to be started") {
    const compared = { ...NOTHING, baseline: first?.tree.files ?? [] };
    return { ...base, compared, isStopped: true, pending: ["re-enabled"] };
  }
  const found = read ? (read.jobs.get(job.name) ?? []) : asRecorded(state.files);
  if (allocation.removed) {
    const compared = { ...NOTHING, baseline: found.map(asListed) };
    return { ...base, compared, isStopped: false, pending: ["removed, and still to be stopped"] };
  }
  const best = await closest(run, go, unit, state.files, found);
  const isStopped = allocation.disabled && read?.disabled.has(job.name) === true;
  const pending = [
    ...(allocation.disabled && !isStopped ? ["disabled, and perhaps not stopped"] : []),
    ...(state.deployed.healthFailed ? ["health check failed"] : []),
    ...(state.deployed.version === job.version ? [] : [`version ${state.deployed.version} -> ${job.version}`]),
    ...best.compared.pending.map((path) => `${path} changed`),
  ];
  return { ...base, ...best, isStopped, pending };
}

/** The version that is recorded as promoted. */
export function versionOf({ state }: Pick<Unit, "state">): string {
  if (state.kind === "deployed") return state.deployed.version;
  return state.kind === "to be started" ? state.version : NO_VERSION;
}

/** Reads what is needed to assess an allocation. */
export function unitOf(go: GoBucket, allocation: Allocation, job: Job, candidates: readonly Candidate[]): Unit {
  return { allocation, job, state: deployStateOf(go, allocation), candidates };
}

type Best = Pick<Assessed, "compared" | "occasion" | "target">;

/** The candidate that is closest to the files on the worker. */
async function closest(
  run: Run,
  go: GoBucket,
  { allocation, job, candidates, state }: Unit,
  deployed: ReadonlyMap<string, string>,
  found: readonly FoundFile[],
): Promise<Best> {
  const version = versionOf({ state });
  const judge = ({ tree, occasion }: Candidate): Best => ({
    occasion,
    target: treeDigest(tree.files),
    compared: compare({
      wanted: tree.files,
      found,
      deployed,
      templates: templatesOf(run, job),
      isNewVersion: version !== job.version,
      changedSources: runsPrometheus(job) ? changedSources(run, go) : undefined,
      read: (file: TreeFile) => file.content ?? run.bucket.store.contents.read(file.hash),
    }),
  });
  let best: Best | undefined;
  for (const candidate of candidates) best = better(best, judge(candidate));
  const [first] = candidates;
  if (best && first && best.compared.refusals.length > 0)
    for await (const earlier of earlierCandidates(run, job, allocation, first)) {
      best = better(best, judge(earlier));
      if (best.compared.refusals.length === 0) break;
    }
  return best ?? { compared: NOTHING, occasion: { currentVersion: NO_VERSION, updateSeq: 0 }, target: undefined };
}

function better(best: Best | undefined, next: Best): Best {
  return !best || differences(next) < differences(best) ? next : best;
}

function differences({ compared: { pending, refusals } }: Best): number {
  return pending.length + refusals.length;
}

function templatesOf(run: Run, job: Job): Map<string, string> {
  const templates = job.files.filter(({ path }) => path.endsWith(".tpl"));
  return new Map(templates.map(({ path, hash }) => [path, md5(run.bucket.store.contents.read(hash))]));
}

function runsPrometheus({ files }: Job): boolean {
  return files.some(({ path }) => isConfiguration(path.replace(/\.tpl$/, "")));
}

/** Prometheus files of all jobs that changed since the last build of the Go program. */
function changedSources({ jobs, bucket: { store } }: Run, { prometheusFiles }: GoBucket): Set<string> {
  const now = [...jobs.values()].flatMap(({ name, files }) =>
    files
      .filter(({ path }) => path.startsWith("_prometheus/"))
      .map(({ path, hash }): [string, string] => [`${name}/${path}`, hash]),
  );
  const changed = now.filter(([path, hash]) => prometheusFiles.get(path) !== md5(store.contents.read(hash)));
  return new Set(changed.map(([path]) => path));
}

function occasionNow({ updateSeq }: GoBucket): Occasion {
  return { currentVersion: NO_VERSION, updateSeq };
}

function asListed({ path, hash, size, mode }: FoundFile): ListedFile {
  return { path, hash, size, executable: (mode & 0o111) !== 0 };
}
