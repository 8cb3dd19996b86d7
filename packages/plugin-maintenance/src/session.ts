import { knownOf, Ledger, type Run, type StoredCatalog, type StoredMaintenance } from "@maand/core/operator";
import { isInMaintenance, type MaintainedWorker } from "@maand/core/readonly";
import { type MaintenanceRequest, readRequest } from "./domain/request.ts";

/** A maintenance run: the states of its workers, and views of the bucket in which some workers are in service. */
export class Session {
  readonly run: Run;
  readonly number: number;
  readonly id: string;
  readonly request: MaintenanceRequest;
  readonly #catalog: StoredCatalog;
  readonly #workers: Map<string, MaintainedWorker>;

  constructor(run: Run, stored: StoredMaintenance, changes: Partial<MaintenanceRequest> = {}) {
    this.run = run;
    this.number = stored.number;
    this.id = stored.id;
    this.request = { ...readRequest(stored.request), ...changes };
    this.#catalog = run.bucket.store.catalog.read();
    this.#workers = new Map(stored.workers.map((worker) => [worker.host, worker]));
  }

  /** All workers of the maintenance, in order. */
  get workers(): readonly MaintainedWorker[] {
    return [...this.#workers.values()];
  }

  worker(host: string): MaintainedWorker {
    const found = this.#workers.get(host);
    if (!found) throw new Error(`${host} is not a worker of the maintenance`);
    return found;
  }

  /** The index of a worker in the maintenance. The names of the worker's receipts contain it. */
  position(host: string): number {
    return [...this.#workers.keys()].indexOf(host);
  }

  /**
   * Records the new state of a worker, before any action that depends on it. Without a new message, the old message is
   * dropped.
   */
  move(host: string, to: Partial<Omit<MaintainedWorker, "host" | "since">>): MaintainedWorker {
    const { bucket, reporter } = this.run;
    const before = this.worker(host);
    const now: MaintainedWorker = { ...before, message: undefined, ...to, host, since: bucket.now().toISOString() };
    bucket.store.maintenance.moveWorker(this.number, now);
    this.#workers.set(host, now);
    const { state, phase, message = null } = now;
    if (state !== before.state || phase !== before.phase)
      reporter.emit("maintenance.worker", { worker: host, state, step: phase, message });
    return now;
  }

  /**
   * A view of the run for draining or starting a worker: this worker is in service, other workers in maintenance are
   * not. The view has its own results. Without a worker, all workers in maintenance are out of service.
   */
  view(host?: string): Run {
    const others = this.workers.filter((worker) => isInMaintenance(worker) && worker.host !== host);
    const hosts = new Set(others.map((worker) => worker.host));
    return { ...this.run, ...knownOf(this.#catalog, this.run.bucket, hosts), ledger: new Ledger() };
  }
}
