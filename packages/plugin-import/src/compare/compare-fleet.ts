import { type Allocation, error, type Job, MaandError, type Problem, type Worker } from "@maand/core";
import { problemsError } from "@maand/core/internal";
import { asMaandError, type Run, stopIfInterrupted, workerOf } from "@maand/core/operator";
import pLimit from "p-limit";
import type { GoBucket } from "../go-store/go-bucket.ts";
import { type Assessed, assess, type Unit, unitOf, versionOf } from "./assess.ts";
import { candidatesFor, versionsBefore } from "./candidates.ts";
import { isLater, type ReadWorker, readWorkerFiles, whyLater } from "./read-worker.ts";
import { deployStateOf } from "./state-of.ts";

/** All workers and allocations of a bucket, compared. */
export interface Fleet {
  readonly assessed: readonly Assessed[];
  /** Workers that were read, by host. */
  readonly read: ReadonlyMap<string, ReadWorker>;
  /** The reasons why workers could not be read, by host. They are taken over later. */
  readonly later: ReadonlyMap<string, string>;
}

/** Workers read in parallel. */
const AT_ONCE = 16;

/**
 * Renders the files that every allocation should have, reads the files of every worker, and compares them. Throws
 * PROBLEMS for jobs that cannot be rendered and workers of another bucket, and UNREACHABLE if no worker can be reached.
 */
export async function compareFleet(run: Run, go: GoBucket): Promise<Fleet> {
  const fleet = await compareAllocations(run, go, run.catalog.allocations);
  if (fleet.read.size === 0 && fleet.later.size > 0) throw noneAnswers(fleet.later);
  return fleet;
}

/** Compares some allocations, whether or not their workers can be reached. */
export async function compareAllocations(run: Run, go: GoBucket, allocations: readonly Allocation[]): Promise<Fleet> {
  const units = await unitsOf(run, go, allocations);
  const hosts = [...new Set(units.filter(isOnWorker).map(({ allocation }) => allocation.host))];
  const side = pLimit(AT_ONCE);
  const read = new Map<string, ReadWorker>();
  const later = new Map<string, string>();
  const problems: Problem[] = [];
  const look = async (worker: Worker) => {
    try {
      read.set(worker.host, await readWorkerFiles(run, worker, expectedOn(units, worker.host)));
    } catch (cause) {
      if (isLater(cause)) later.set(worker.host, whyLater(cause));
      else problems.push(problemOf(worker, cause));
    }
  };
  await Promise.all(hosts.map((host) => side(() => look(workerOf(run, host)))));
  stopIfInterrupted(run.bucket.signal);
  if (problems.length > 0) throw problemsError(problems);
  const assessed: Assessed[] = [];
  for (const unit of units) assessed.push(await assess(run, go, unit, read.get(unit.allocation.host)));
  return { assessed, read, later };
}

/** Whether its files are on its worker. */
function isOnWorker({ state }: Unit): boolean {
  return state.kind !== "never deployed";
}

function expectedOn(units: readonly Unit[], host: string) {
  const there = units.filter((unit) => unit.allocation.host === host && isOnWorker(unit));
  return new Map(there.map(({ job, candidates }) => [job.name, candidates]));
}

async function unitsOf(run: Run, go: GoBucket, allocations: readonly Allocation[]): Promise<Unit[]> {
  const units: Unit[] = [];
  const problems: Problem[] = [];
  for (const allocation of allocations) {
    const job = run.jobs.get(allocation.job);
    if (!job) continue;
    try {
      units.push(unitOf(go, allocation, job, await candidatesOf(run, go, allocation, job)));
    } catch (cause) {
      const { message, hint } = asMaandError(cause);
      problems.push(error("cannot_render", `${job.name} on ${allocation.host}`, message, hint));
    }
  }
  if (problems.length > 0) throw problemsError(problems);
  return units;
}

async function candidatesOf(run: Run, go: GoBucket, allocation: Allocation, job: Job) {
  const state = deployStateOf(go, allocation);
  if (allocation.removed || state.kind === "never deployed") return [];
  const versions = versionsBefore(go, allocation, versionOf({ state }));
  return candidatesFor(run, job, allocation, versions, go.updateSeq);
}

function problemOf({ host }: Worker, cause: unknown): Problem {
  const { message, hint } = asMaandError(cause);
  return error("cannot_read", host, message, hint);
}

function noneAnswers(later: ReadonlyMap<string, string>): MaandError {
  const [first = ["", ""]] = [...later];
  return new MaandError({
    code: "UNREACHABLE",
    message: `no worker could be read, so nothing was imported: ${first[0]}: ${first[1]}`,
    hint: "check ssh_user, ssh_key and ssh_port in maand.conf",
  });
}
