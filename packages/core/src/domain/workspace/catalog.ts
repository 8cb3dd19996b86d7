import { checkNeverWith } from "../budget/check-never-with.ts";
import { error, type Problem, type Report, refuses, warning } from "../checks/problem.ts";
import { isRecord } from "../checks/validate.ts";
import { byPath } from "../deploy/digest.ts";
import { type Manifest, manifestFile, resolveManifest, understoodPart } from "../manifest/manifest.ts";
import type { ManifestOwners } from "../manifest/manifest-keys.ts";
import { checkCapacity, checkCounts, type Override, overridden } from "../manifest/resources.ts";
import { resolveDemands } from "./demands.ts";
import { NOTHING_DISABLED, resolveDisabled } from "./disabled.ts";
import { canonicalHost } from "./host-address.ts";
import type { Allocation, Job, JobFile } from "./job.ts";
import type { Placed } from "./placement/placed.ts";
import { type EarlierAllocations, type Placement, place, placeChanged } from "./placement/placement.ts";
import { assignPorts, type PortRange, RESERVED_PORT_NAMES } from "./ports.ts";
import { byPosition, type Worker } from "./worker.ts";
import { resolveWorkers } from "./workers.ts";

/** The desired state: workers by position, jobs by name, allocations by job and worker. */
export interface Catalog {
  readonly workers: readonly Worker[];
  readonly jobs: readonly Job[];
  /** Includes removed allocations that `gc` has not purged. */
  readonly allocations: readonly Allocation[];
}

/**
 * A catalog whose allocations are created when they are first read, because a build in which few jobs changed does not
 * need them.
 */
export function catalogOf(
  { workers, jobs }: Pick<Catalog, "workers" | "jobs">,
  allocations: () => readonly Allocation[],
): Catalog {
  let made: readonly Allocation[] | undefined;
  return {
    workers,
    jobs,
    get allocations() {
      made ??= allocations();
      return made;
    },
  };
}

/** A workspace as read: parsed, but not resolved. */
export interface Written {
  /** Undefined if it could not be read; this was reported. */
  readonly workers: unknown;
  /** Undefined if there is no `disabled.json`. */
  readonly disabled: unknown;
  readonly jobs: readonly WrittenJob[];
  readonly portRange: PortRange;
  readonly overrides: Readonly<Record<string, Override>>;
}

export interface WrittenJob {
  readonly name: string;
  /** Undefined if it could not be read; this was reported. */
  readonly manifest: unknown;
  readonly files: readonly JobFile[];
}

/** State that must be preserved: assigned ids and ports, and known allocations. */
export interface Before {
  readonly workerIds: ReadonlyMap<string, string>;
  readonly ports: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly allocations: readonly Allocation[];
  /** Reads the same allocations, but only those that a placement might change. Default: all of `allocations`. */
  readonly earlier?: EarlierAllocations;
}

/** The result of resolving a workspace. */
export interface Assembled {
  /** The allocations of the catalog are created when they are first read. */
  readonly catalog: Catalog;
  readonly placement: Placement;
  readonly problems: readonly Problem[];
  /** Jobs whose manifest was refused, resolved as far as possible: not in the catalog, but available to plugins. */
  readonly unfinished: readonly Job[];
}

/**
 * Creates the catalog of a workspace, without side effects. Returns all problems at once; the catalog is valid only if
 * none of them is an error. `newId` creates the UUIDs of new workers; `owners` names the owners of manifest keys that
 * core does not read.
 */
export function assemble(written: Written, before: Before, { newId, owners }: AssembleOptions): Assembled {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const spelled = new Map([...before.workerIds.keys()].map((host) => [canonicalHost(host), host]));
  const workers = resolveWorkers(written.workers, report)
    .map((spec) => ({ ...spec, host: spelled.get(spec.host) ?? spec.host })) // keep the stored spelling, because the worker is the same
    .map((spec): Worker => ({ ...spec, workerId: before.workerIds.get(spec.host) ?? newId() }))
    .sort(byPosition);
  const known = written.workers !== undefined && !refuses(problems);
  const assembled = assembleOn({ workers, known }, written, before, owners);
  return { ...assembled, problems: [...problems, ...assembled.problems] };
}

/** Options of {@link assemble}. */
export interface AssembleOptions {
  readonly newId: () => string;
  readonly owners: ManifestOwners;
}

/** The workers of a catalog; `known` is false if some of them could not be read, which was reported. */
export interface Fleet {
  readonly workers: readonly Worker[];
  readonly known: boolean;
}

/** Creates the catalog of a workspace whose workers are already resolved; pure, like {@link assemble}. */
export function assembleOn(
  { workers, known: fleetKnown }: Fleet,
  written: Omit<Written, "workers">,
  before: Pick<Before, "ports" | "allocations" | "earlier">,
  owners: ManifestOwners,
): Assembled {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const inOrder = [...written.jobs].sort((a, b) => (a.name < b.name ? -1 : 1));
  const jobs = resolveJobs(inOrder, written, before, owners, report);
  const known = { jobs: inOrder.map((job) => job.name), hosts: workers.map((worker) => worker.host) };
  const disabled = resolveDisabled(written.disabled, known, fleetKnown ? report : withoutUnknownNames(report));
  const off = disabled ?? NOTHING_DISABLED;
  const placement = placeChanged(jobs, workers, off, before.earlier ?? allChanged(before.allocations));
  const { placed, changed } = placement;
  if (fleetKnown) {
    warnUnplaced(jobs, placed, report);
    checkCounts(jobs, placed, report);
    if (disabled) checkCapacity(jobs, workers, placed, report);
  }
  const finished = new Set(jobs.map(({ name }) => name));
  const unfinished = inOrder.filter(({ name }) => !finished.has(name)).flatMap(unfinishedJob);
  const allocations = () => (before.earlier ? place(jobs, workers, off, before.allocations) : changed);
  return { catalog: catalogOf({ workers, jobs }, allocations), placement, problems, unfinished };
}

/** The earlier allocations of a bucket without recorded placements. */
function allChanged(allocations: readonly Allocation[]): EarlierAllocations {
  return { placements: new Map(), except: () => allocations };
}

/** Drops all reports of unknown names, because some might be the names of unreadable workers. */
function withoutUnknownNames(report: Report): Report {
  return (problem) => {
    if (problem.code !== "unknown_name") report(problem);
  };
}

function resolveJobs(
  inOrder: readonly WrittenJob[],
  { portRange, overrides }: Pick<Written, "portRange" | "overrides">,
  before: Pick<Before, "ports">,
  owners: ManifestOwners,
  report: Report,
): Job[] {
  const manifests = resolveManifests(inOrder, owners, report);
  const requests = Object.fromEntries([...manifests].map(([name, manifest]) => [name, manifest.portRequests]));
  for (const [name, manifest] of manifests) reportReservedPorts(name, manifest, report);
  const ports = assignPorts(requests, before.ports, portRange, report);
  const demanding = [...manifests].map(([name, manifest]) => ({ name, ...manifest }));
  const unread = new Set(inOrder.map((job) => job.name).filter((name) => !manifests.has(name)));
  const waves = resolveDemands(demanding, report, unread);
  checkNeverWith(demanding, unread, report);
  return inOrder.flatMap(({ name, manifest: raw, files }): Job[] => {
    const manifest = manifests.get(name);
    if (!manifest) return [];
    const { portRequests: _, ...rest } = manifest;
    const override = overrides[name];
    return [
      {
        ...rest,
        name,
        ports: ports[name] ?? {},
        memory: overridden(name, "memory", manifest.memory, override, report),
        cpu: overridden(name, "cpu", manifest.cpu, override, report),
        deploymentSeq: waves.get(name) ?? 0,
        manifest: isRecord(raw) ? raw : {},
        files: [...files].sort(byPath),
      },
    ];
  });
}

function unfinishedJob({ name, manifest: raw, files }: WrittenJob): Job[] {
  const part = understoodPart(name, raw);
  if (!part) return [];
  const { portRequests, ...rest } = part;
  const ports = Object.fromEntries(Object.keys(portRequests).map((port) => [port, 0]));
  const manifest = isRecord(raw) ? raw : {};
  return [{ ...rest, name, ports, deploymentSeq: 0, manifest, files: [...files].sort(byPath) }];
}

function resolveManifests(jobs: readonly WrittenJob[], owners: ManifestOwners, report: Report): Map<string, Manifest> {
  const manifests = new Map<string, Manifest>();
  for (const job of jobs) {
    const manifest = resolveManifest(job.name, job.manifest, owners, report);
    if (manifest) manifests.set(job.name, manifest);
  }
  return manifests;
}

function reportReservedPorts(job: string, manifest: Manifest, report: Report): void {
  for (const name of Object.keys(manifest.portRequests)) {
    if (!RESERVED_PORT_NAMES.includes(name)) continue;
    report(
      error(
        "invalid_manifest",
        `${manifestFile(job)}: resources.ports.${name}`,
        `"${name}" is reserved for the bucket`,
        "give the port another name",
      ),
    );
  }
}

function warnUnplaced(jobs: readonly Job[], placed: Placed, report: Report): void {
  for (const job of jobs) {
    if ((placed.get(job.name)?.members.length ?? 0) > 0) continue;
    report(
      warning(
        "no_worker_matches",
        `${manifestFile(job.name)}: selectors`,
        `no worker has ${job.selectors.map((label) => `"${label}"`).join(" and ")}, so job ${job.name} runs nowhere`,
        "label a worker in workspace/workers.json, or change the selectors",
      ),
    );
  }
}
