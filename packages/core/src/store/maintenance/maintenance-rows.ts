import type { MaintainedWorker, Maintenance } from "../../domain/maintenance/maintenance.ts";
import { isInMaintenance, PHASES, type Phase, type WorkerState } from "../../domain/maintenance/maintenance.ts";
import type { Row, StoreDatabase } from "../database.ts";

/** The number of finished maintenance runs to keep on record. */
const KEPT = 20;

/** An allocation that was stopped for maintenance and will be started again. */
export interface MaintenanceStop {
  readonly host: string;
  readonly allocation: string;
  /** Whether it was started again. */
  readonly started: boolean;
}

/** A stored maintenance run, with its command in a form that may be shown. */
export interface StoredMaintenance extends Maintenance {
  /** The command with secrets masked. */
  readonly shownCommand?: string;
}

/** A new maintenance run. */
export type NewMaintenance = Omit<StoredMaintenance, "number" | "workers"> & { readonly hosts: readonly string[] };

/** Maintenance runs. At most one is in progress; finished ones are kept for a while. */
export class MaintenanceRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** The maintenance run in progress. */
  open(): StoredMaintenance | undefined {
    const row = this.#db.get("SELECT * FROM maintenance WHERE finished_at IS NULL ORDER BY number LIMIT 1");
    return row && this.#maintenanceOf(row);
  }

  /** Hosts that are in maintenance now. Deploys do not change them. */
  hosts(): Set<string> {
    const rows = this.#db.all(
      "SELECT w.* FROM maintenance_worker w JOIN maintenance m ON m.number = w.maintenance WHERE m.finished_at IS NULL",
    );
    return new Set(
      rows
        .map(workerOf)
        .filter(isInMaintenance)
        .map(({ host }) => host),
    );
  }

  /** Opens a maintenance run in which all workers are waiting; returns its number. */
  begin({ id, request, shownCommand, startedAt, startedBy, hosts }: NewMaintenance): number {
    return this.#db.transaction(() => {
      const number = this.#db.run(
        "INSERT INTO maintenance (id, request, shown_command, started_at, started_by) VALUES (?, ?, ?, ?, ?)",
        ...[id, request, shownCommand ?? null, startedAt, startedBy],
      );
      const insert =
        "INSERT INTO maintenance_worker (maintenance, position, host, state, phase, attempt, since) VALUES (?, ?, ?, 'waiting', 'drain', 1, ?)";
      for (const [position, host] of hosts.entries()) this.#db.run(insert, number, position, host, startedAt);
      return number;
    });
  }

  /** Records the state and step of a worker. */
  moveWorker(number: number, { host, state, phase, attempt, bootId, message, since }: MaintainedWorker): void {
    this.#db.run(
      "UPDATE maintenance_worker SET state = ?, phase = ?, attempt = ?, boot_id = ?, message = ?, since = ? WHERE maintenance = ? AND host = ?",
      ...[state, phase, attempt, bootId ?? null, message ?? null, since, number, host],
    );
  }

  /** Records running allocations that are about to be stopped on a worker. */
  intendStops(number: number, host: string, allocations: readonly string[]): void {
    const insert =
      "INSERT INTO maintenance_stop (maintenance, allocation, host) VALUES (?, ?, ?) ON CONFLICT (maintenance, allocation) DO UPDATE SET started = 0";
    this.#db.transaction(() => {
      for (const allocation of allocations) this.#db.run(insert, number, allocation, host);
    });
  }

  /** The allocations that a maintenance run stopped, on one worker or on all workers. */
  stops(number: number, host?: string): MaintenanceStop[] {
    const rows = this.#db.all(
      "SELECT host, allocation, started FROM maintenance_stop WHERE maintenance = ? AND (? IS NULL OR host = ?) ORDER BY allocation",
      ...[number, host ?? null, host ?? null],
    );
    return rows.map((row) => ({
      host: String(row.host),
      allocation: String(row.allocation),
      started: row.started === 1,
    }));
  }

  /** Records that an allocation was started again. */
  markStarted(number: number, allocation: string): void {
    this.#db.run(
      "UPDATE maintenance_stop SET started = 1 WHERE maintenance = ? AND allocation = ?",
      number,
      allocation,
    );
  }

  /** Closes the maintenance run. */
  close(number: number, outcome: "ok" | "aborted", at: string): void {
    this.#db.transaction(() => {
      this.#db.run("UPDATE maintenance SET finished_at = ?, outcome = ? WHERE number = ?", at, outcome, number);
      this.#db.run(
        "DELETE FROM maintenance WHERE finished_at IS NOT NULL AND number <= (SELECT max(number) FROM maintenance) - ?",
        KEPT,
      );
    });
  }

  #maintenanceOf(row: Row): StoredMaintenance {
    const number = Number(row.number);
    const workers = this.#db.all("SELECT * FROM maintenance_worker WHERE maintenance = ? ORDER BY position", number);
    return {
      number,
      id: String(row.id),
      request: String(row.request),
      ...(row.shown_command === null ? {} : { shownCommand: String(row.shown_command) }),
      startedAt: String(row.started_at),
      startedBy: String(row.started_by),
      workers: workers.map(workerOf),
    };
  }
}

const STATES: readonly WorkerState[] = ["waiting", "under_way", "set_aside", "drained", "done", "aborted"];

function workerOf(row: Row): MaintainedWorker {
  return {
    host: String(row.host),
    state: STATES.find((state) => state === row.state) ?? "set_aside",
    phase: PHASES.find((phase): phase is Phase => phase === row.phase) ?? "drain",
    attempt: Number(row.attempt),
    bootId: row.boot_id === null ? undefined : String(row.boot_id),
    message: row.message === null ? undefined : String(row.message),
    since: String(row.since),
  };
}
