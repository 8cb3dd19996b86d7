import { type Bucket, runReporter } from "../bucket/bucket.ts";
import type { Problem } from "../domain/checks/problem.ts";
import { manifestFile } from "../domain/manifest/manifest.ts";
import type { Hold } from "../domain/release/hold.ts";
import { releaseName } from "../domain/release/release.ts";
import { assembleOn, type Catalog, type WrittenJob } from "../domain/workspace/catalog.ts";
import type { Job, SeenFile } from "../domain/workspace/job.ts";
import { MaandError, problemsError } from "../errors.ts";
import { knownOf } from "../run/run.ts";
import type { StoredCatalog } from "../store/catalog-rows.ts";
import type { KvStore } from "../store/kv/kv.ts";
import { storedKvSources, storeKv } from "./build-kv.ts";
import { type Contributions, contributions } from "./contribute.ts";
import { unseen } from "./held-jobs.ts";
import { beforeOf, checkJobs, ownersOf } from "./understand.ts";

/** The release that a job should have. */
export interface ReleaseChoice {
  readonly job: string;
  /**
   * Undefined if there is no release to go back to. In this case, the release in the workspace is held, and nothing is
   * deployed.
   */
  readonly release: number | undefined;
  readonly kind: Hold["kind"];
  readonly reason: string;
}

/** The desired state with changed releases of some jobs, checked and ready to be stored. */
export interface ChangedReleases {
  readonly catalog: StoredCatalog;
  publish(kv: KvStore): void;
  /**
   * Stores the desired state in one transaction. The next deploy then applies it, even if this command is killed
   * afterwards.
   */
  store(): void;
}

/**
 * Computes the desired state with the chosen releases. The jobs are resolved and checked as in a build, with the
 * workers and settings of the last build. Writes nothing. Throws PROBLEMS if a release no longer fits, for example
 * because another job now has its port.
 */
export async function changedReleases(
  bucket: Bucket,
  choices: readonly ReleaseChoice[],
  by: string,
): Promise<ChangedReleases> {
  const { store } = bucket;
  const stored = store.catalog.read();
  const holds = holdsOf(bucket, stored, choices, by);
  const catalog = await resolved(bucket, stored, choices, holds);
  const whole = { ...stored, ...catalog };
  const chosen = new Set(choices.map(({ job }) => job));
  const source = { bucket, reporter: runReporter(bucket, "releases"), ...knownOf(whole, bucket, new Set()) };
  const contributed = await contributions(
    source,
    source.catalog.jobs.filter(({ name }) => chosen.has(name)),
  );
  const publish = (kv: KvStore) => publishJobs(kv, { bucket, stored, catalog, contributed, chosen });
  return {
    catalog: whole,
    publish,
    store: () =>
      store.transaction(() => {
        store.catalog.write(stored, catalog, filesOf(bucket, catalog, chosen));
        storeHolds(bucket, choices, holds);
        for (const { job } of choices) store.rollouts.close(job);
        publish(bucket.kv);
      }),
  };
}

type Holds = ReadonlyMap<string, Hold>;

/** The hold of each job whose release in the workspace is not the chosen release. */
function holdsOf(bucket: Bucket, stored: StoredCatalog, choices: readonly ReleaseChoice[], by: string): Holds {
  const jobs = new Map(stored.jobs.map((job) => [job.name, job]));
  const since = bucket.now().toISOString();
  return new Map(
    choices.flatMap(({ job, release, kind, reason }): [string, Hold][] => {
      const inWorkspace = jobs.get(job)?.hold?.release ?? jobs.get(job)?.release;
      if (inWorkspace === undefined || inWorkspace === release) return [];
      const version = bucket.store.releases.find(job, inWorkspace)?.version ?? "";
      return [[job, { release: inWorkspace, version, kind, reason, since, by }]];
    }),
  );
}

async function resolved(
  bucket: Bucket,
  stored: StoredCatalog,
  choices: readonly ReleaseChoice[],
  holds: Holds,
): Promise<Catalog> {
  const { store } = bucket;
  const placing = store.bucket.built()?.placing;
  if (!placing) throw notBuilt();
  const chosen = new Map(choices.map((choice) => [choice.job, choice]));
  const jobs = stored.jobs.map(({ name, manifest, files }): WrittenJob => {
    const release = chosen.get(name)?.release;
    return { name, manifest, files, ...(release === undefined ? {} : store.releases.content(name, release)) };
  });
  const fleet = { workers: stored.workers, known: true };
  const assembled = assembleOn(fleet, { ...placing, jobs }, beforeOf(stored), ownersOf(bucket));
  const checked = await checkJobs(bucket, assembled, ({ hash }) => store.contents.read(hash));
  const problems = [...assembled.problems, ...checked].map((problem) => named(problem, choices));
  const errors = problems.filter(({ level, where }) => level === "error" && isInTheWay(where, choices));
  if (errors.length > 0) throw problemsError(errors);
  const before = new Map(stored.jobs.map((job) => [job.name, job]));
  return {
    ...assembled.catalog,
    jobs: assembled.catalog.jobs.map((job): Job => {
      const choice = chosen.get(job.name);
      if (!choice) return { ...job, ...numbersOf(before.get(job.name)) };
      const hold = holds.get(job.name);
      return { ...job, ...numbersOf({ release: choice.release ?? hold?.release, hold }) };
    }),
  };
}

/**
 * Whether a problem blocks the change. Any problem blocks a rollback. A revert only restores the previous release, so
 * problems of other jobs do not block it. An example is a job that depends on a command that only the failed release
 * has.
 */
function isInTheWay(where: string, choices: readonly ReleaseChoice[]): boolean {
  return choices.some(
    ({ job, release, kind }) =>
      kind === "rollback" || (release !== undefined && where.startsWith(ofRelease(job, release))),
  );
}

function ofRelease(job: string, release: number): string {
  return `${job} ${releaseName(release)}: manifest.json`;
}

/** Adds the release to the problems of its manifest, because the workspace has a different manifest. */
function named(problem: Problem, choices: readonly ReleaseChoice[]): Problem {
  const choice = choices.find(({ job }) => problem.where.startsWith(manifestFile(job)));
  if (choice?.release === undefined) return problem;
  const { line: _, ...rest } = problem;
  return { ...rest, where: problem.where.replace(manifestFile(choice.job), ofRelease(choice.job, choice.release)) };
}

interface Numbers {
  readonly release?: number | undefined;
  readonly hold?: Hold | undefined;
}

function numbersOf({ release, hold }: Numbers = {}): Pick<Job, "release" | "hold"> {
  return { ...(release === undefined ? {} : { release }), ...(hold === undefined ? {} : { hold }) };
}

function filesOf({ store }: Bucket, { jobs }: Catalog, chosen: ReadonlySet<string>): Map<string, readonly SeenFile[]> {
  const seen = store.catalog.seenFiles();
  return new Map(
    jobs.map(({ name, files }) => [name, chosen.has(name) ? files.map(unseen) : [...(seen.get(name)?.values() ?? [])]]),
  );
}

function storeHolds({ store }: Bucket, choices: readonly ReleaseChoice[], holds: Holds): void {
  for (const { job, release } of choices) {
    const hold = holds.get(job);
    if (hold) store.releases.hold({ job, instead: release, hold });
    else if (release !== undefined) store.releases.endHold(job, release);
  }
}

interface Published {
  readonly bucket: Bucket;
  readonly stored: StoredCatalog;
  readonly catalog: Catalog;
  readonly contributed: Contributions;
  readonly chosen: ReadonlySet<string>;
}

/**
 * Publishes the values that are derived from the chosen jobs. It changes neither variables nor the values that hooks
 * wrote for other jobs.
 */
function publishJobs(kv: KvStore, { bucket, stored, catalog, contributed, chosen }: Published): void {
  const sources = storedKvSources(kv, { bucketId: bucket.bucketId, catalog });
  storeKv(kv, { before: stored, sources, contributed, purgeJobs: false, only: chosen });
}

function notBuilt(): MaandError {
  return new MaandError({
    code: "PROBLEMS",
    message: "the last build was made by an older version of maand, which did not number releases",
    hint: "run maand build first",
  });
}
