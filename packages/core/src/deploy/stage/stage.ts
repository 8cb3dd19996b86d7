import pLimit from "p-limit";
import { asMaandError } from "../../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { withEnd } from "../../bucket/run-to-end.ts";
import { groupBy } from "../../domain/group-by.ts";
import type { Worker } from "../../domain/workspace/worker.ts";
import type { FoundRepair } from "../../plan/drift/find-repairs.ts";
import { metadataOf } from "../../plan/metadata.ts";
import type { PlannedAllocation, PlannedJob } from "../../plan/plan-job.ts";
import type { StageContext, TreeFile } from "../../plugin-api/contexts.ts";
import type { Remote } from "../../remote/remote.ts";
import { deliveredRoot, storedRoot } from "../../run/delivered-root.ts";
import { noHandler } from "../../run/no-handler.ts";
import { type Run, workerOf } from "../../run/run.ts";
import type { Delivery } from "../../store/bucket-rows.ts";
import { RUNTIME_NAMES } from "../../workspace/job-files.ts";
import { isStopFailed } from "../stop-failed.ts";
import { Deletions } from "./deletions.ts";
import { giveOwners, type StagedJob } from "./file-owners.ts";
import { refuseMoved } from "./moved-root.ts";
import { ReadContents } from "./read-contents.ts";
import { removeLinks } from "./remove-links.ts";
import { StagedTrees } from "./staged-trees.ts";

/**
 * The number of workers that are synced in parallel. It is high enough to hide network latency, and low enough for the
 * process limit of one machine.
 */
const SYNCS_AT_ONCE = 16;

/** Syncs files to workers. It manages the sync counter and the staged trees of a run. */
export class Stager {
  readonly #run: Run;
  readonly #contents: ReadContents;
  readonly #trees: StagedTrees;
  readonly #limit = pLimit(SYNCS_AT_ONCE);
  readonly #failed = new Set<string>();
  readonly #deletions = new Deletions();
  readonly #synced = new Set<string>();
  readonly #reached = new Set<string>();
  /** Differences found on workers that this run repairs, by allocation id. */
  repairs: ReadonlyMap<string, FoundRepair> = new Map();
  #updateSeq: number | undefined;

  constructor(run: Run) {
    this.#run = run;
    this.#contents = new ReadContents(run.bucket.store.contents);
    this.#trees = new StagedTrees(run.tmp, (file) => this.#contents.pieces(file));
  }

  /** Syncs every worker that receives files of these jobs, each once. Failures are recorded in the ledger. */
  async stageWave(plans: readonly PlannedJob[]): Promise<void> {
    const wanted = plans.flatMap(({ job, allocations }) =>
      allocations
        .filter((planned) => this.#isWanted(planned))
        .map((planned): SyncEntry => ({ job: job.name, planned })),
    );
    const byHost = groupBy(wanted, ({ planned }) => planned.allocation.host);
    await Promise.all(
      [...byHost].map(([host, entries]) => this.#limit(() => this.#stageWorker(workerOf(this.#run, host), entries))),
    );
  }

  /**
   * Allocations that already failed get no files, except disabled allocations whose stop failed, because a fixed
   * Makefile might stop them.
   */
  #isWanted(planned: PlannedAllocation): boolean {
    const { allocation, target } = planned;
    const { ledger } = this.#run;
    if (isStopFailed(this.#run, planned)) return this.#run.recorded(allocation.id).staged !== target.digest;
    return needsFiles(planned) && !ledger.lost(allocation.job, allocation.host);
  }

  /** Whether a sync to this worker failed in this run. */
  failed(host: string): boolean {
    return this.#failed.has(host);
  }

  /** Whether this run synced the files of an allocation. */
  synced(allocation: string): boolean {
    return this.#synced.has(allocation);
  }

  /** Whether this run wrote the metadata of a worker. */
  reached(host: string): boolean {
    return this.#reached.has(host);
  }

  /** Warnings for the operator about deleted files. */
  warnings(): string[] {
    return this.#deletions.warnings();
  }

  /** Syncs the metadata of a worker again, without the files of any job. */
  async stageMetadata(worker: Worker): Promise<void> {
    await this.#limit(() => this.#sync(worker, []));
  }

  async #stageWorker(worker: Worker, entries: readonly SyncEntry[]): Promise<void> {
    try {
      await this.#sync(worker, entries);
    } catch (cause) {
      if (entries.length > 1 && asMaandError(cause).code === "STAGE_FAILED") return this.#stageApart(worker, entries);
      this.#failed.add(worker.host);
      if (this.#run.bucket.watch.mayRun({ worker: worker.host })) this.#run.connections.giveUp(worker.host, cause);
      for (const { job, planned } of entries) this.#run.ledger.fail(job, worker.host, planned.decision.action, cause);
    }
  }

  /**
   * If the jobs of a worker cannot be synced together, they are synced one by one, so that one faulty job does not
   * block the other jobs.
   */
  async #stageApart(worker: Worker, entries: readonly SyncEntry[]): Promise<void> {
    for (const entry of entries) await this.#stageWorker(worker, [entry]);
  }

  async #sync(worker: Worker, entries: readonly SyncEntry[]): Promise<void> {
    const { bucket, reporter, connections } = this.#run;
    stopIfInterrupted(bucket.signal);
    const remote = await connections.ready(worker);
    refuseMoved(this.#run, { host: worker.host, root: remote.root });
    const seq = this.#nextSeq();
    const metadata = metadataOf(this.#run, worker, seq);
    const jobs = entries.map(({ job }) => job);
    reporter.emit("stage.started", { worker: worker.host, jobs, update_seq: seq });
    const steps = await this.#intend(remote, entries);
    const context = this.#context(worker, remote, entries, metadata.files);
    const work = async () => {
      await removeLinks(remote, this.#repairsOf(entries), context);
      if ((await bucket.hooks.stage.promise(context)) !== "done")
        throw noHandler(bucket.absent, { hook: "stage", transport: remote.transport, host: worker.host });
      await giveOwners(remote, entries.map(this.#staged), context);
      const tools = connections.toolsOf(worker.host);
      this.#recordDelivery(worker, entries, { seq, metadata: metadata.digest, tools });
    };
    await withEnd(bucket.now, work, ({ outcome, message, duration_ms }) => {
      for (const step of steps) bucket.store.journal.conclude(step, outcome, this.#run.at());
      reporter.emit("stage.finished", { worker: worker.host, jobs, outcome, message, duration_ms });
    });
  }

  #repairsOf(entries: readonly SyncEntry[]): FoundRepair[] {
    return entries.flatMap(({ planned }) => this.repairs.get(planned.allocation.id) ?? []);
  }

  #context(
    worker: Worker,
    remote: Remote,
    entries: readonly SyncEntry[],
    metadata: ReadonlyMap<string, string>,
  ): StageContext {
    const { bucket, reporter } = this.#run;
    const trees = entries.map(({ job, planned }) => ({ job, tree: planned.tree, digest: planned.target.digest }));
    const write = () => this.#trees.write(worker.host, trees, metadata);
    let sources: string[] | undefined;
    return Object.freeze({
      ...reporter.context({ worker: worker.host }),
      worker,
      remote,
      jobs: entries.map(({ job }) => job),
      trees: trees.map(({ job, tree }) => ({ job, files: tree.files })),
      metadata,
      read: (file: TreeFile) => file.content ?? this.#contents.read(file.hash),
      get sources() {
        sources ??= write();
        return sources;
      },
      keep: RUNTIME_NAMES,
      protect: new Map(entries.map(({ job }) => [job, this.#run.jobs.get(job)?.keep ?? []])),
      deleted: (path: string) => this.#noteDeleted(entries, path),
      timeoutMs: bucket.settings.timeouts.commandMs,
    });
  }

  readonly #staged = ({ job, planned: { allocation, tree } }: SyncEntry): StagedJob => {
    const { promoted } = this.#run.bucket.store;
    return { job, files: tree.files, before: promoted.filesWithAccess(allocation.id) };
  };

  /** Before the first promotion of an allocation, there is no version to compare the path with, so it is not noted. */
  #noteDeleted(entries: readonly SyncEntry[], path: string): void {
    const [, name, below] = /^jobs\/([^/]+)\/(.+)$/s.exec(path) ?? [];
    const planned = entries.find(({ job }) => job === name)?.planned;
    const promoted = planned && this.#run.recorded(planned.allocation.id).promoted;
    if (!planned || !promoted || below === undefined) return;
    const { job, host } = planned.allocation;
    const files = this.#run.bucket.store.promoted.files(promoted.digest);
    this.#deletions.note({ job, host, path: below, promoted: files.map((file) => file.path) });
  }

  /**
   * During a sync, the state of the worker is unknown. The run records this before the sync, so that the record remains
   * if the process dies. One transaction covers all workers that are synced at the same time.
   */
  #intend({ host, root }: Remote, entries: readonly SyncEntry[]): Promise<number[]> {
    const { bucket, catalog } = this.#run;
    const { store } = bucket;
    return store.together(() => {
      const isMoved = ![undefined, root].includes(deliveredRoot(bucket, host));
      if (isMoved) for (const one of catalog.allocations) if (one.host === host) store.promoted.unstage(one.id);
      store.deliveries.begin(host, storedRoot(bucket, root));
      for (const { planned } of entries) store.promoted.unstage(planned.allocation.id);
      const intents = entries.map(({ planned }) => ({
        allocation: planned.allocation.id,
        kind: "stage" as const,
        digest: planned.target.digest,
      }));
      return store.journal.intend(this.#run.number, intents, this.#run.at());
    });
  }

  /**
   * The record is written a moment later, together with the records of other workers. Until then, this worker counts as
   * not synced.
   */
  #recordDelivery(worker: Worker, entries: readonly SyncEntry[], delivery: Delivery): void {
    const { store } = this.#run.bucket;
    store.deliveries.finish(worker.host, delivery);
    this.#reached.add(worker.host);
    for (const { planned } of entries) {
      store.promoted.stage(planned.allocation.id, planned.target.digest);
      this.#synced.add(planned.allocation.id);
    }
  }

  /** The sequence number of the syncs. It is incremented once, just before the first sync. */
  #nextSeq(): number {
    this.#updateSeq ??= this.#run.bucket.store.bucket.nextUpdateSeq();
    return this.#updateSeq;
  }
}

interface SyncEntry {
  readonly job: string;
  readonly planned: PlannedAllocation;
}

/** Disabled and unchanged allocations get no files. */
function needsFiles({ allocation, decision }: PlannedAllocation): boolean {
  return !allocation.disabled && decision.action !== "skip";
}
