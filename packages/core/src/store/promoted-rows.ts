import { type DigestedFile, digestScheme } from "../domain/deploy/digest.ts";
import type { Occasion, Promoted, RecordedState, Target, Unsettled } from "../domain/deploy/plan.ts";
import type { Row, StoreDatabase } from "./database.ts";

/** Number of recorded promotions per allocation, including the last one. */
const PROMOTIONS_KEPT = 3;

/** A file in the list of a digest. */
export interface ListedFile extends DigestedFile {
  /** Size in bytes; absent in older lists. */
  readonly size?: number;
  /** Whether the file contains a rendered secret or private key. */
  readonly secret?: boolean;
  /** The mode that its plugin set; absent in older lists. */
  readonly mode?: number;
}

/** The plan of an allocation. */
export interface Planned {
  /** Digest of its target tree. */
  readonly digest: string;
  /** Digest of the job's files that the tree was rendered from, including sources. */
  readonly source: string;
}

/** The release that an allocation was promoted with. */
export interface PromotedRelease {
  readonly job: string;
  readonly number: number;
}

/** The details of a promotion. */
export interface Promotion {
  readonly stopped: boolean;
  readonly occasion: Occasion;
  readonly release?: PromotedRelease;
}

/** The recorded state of each allocation: planned, staged, promoted and unsettled. */
export class PromotedRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** The whole recorded state, by allocation id. */
  recorded(): Map<string, RecordedState> {
    return this.#read("1 = 1");
  }

  /** The recorded state of some allocations, by allocation id. */
  recordedOf(allocations: readonly string[]): Map<string, RecordedState> {
    if (allocations.length === 0) return new Map();
    return this.#read("allocation IN (SELECT value FROM json_each(?))", JSON.stringify(allocations));
  }

  #read(where: string, ...values: readonly string[]): Map<string, RecordedState> {
    const found = new Map<string, RecordedState>();
    const promoted = `SELECT allocation, digest, version, health_failed, stopped, previous_version, update_seq, release FROM promoted WHERE ${where}`;
    for (const row of this.#db.all(promoted, ...values))
      found.set(String(row.allocation), { promoted: promotedOf(row) });
    const add = (id: unknown, part: RecordedState) => found.set(String(id), { ...found.get(String(id)), ...part });
    for (const row of this.#db.all(`SELECT allocation, digest FROM staged WHERE ${where}`, ...values)) {
      const known = found.get(String(row.allocation))?.promoted;
      // usually the digest of the promoted files, so both share one string
      const same = known !== undefined && known.digest === row.digest ? known.digest : undefined;
      const staged = same ?? (row.digest === null ? "unknown" : String(row.digest));
      found.set(String(row.allocation), known ? { promoted: known, staged } : { staged });
    }
    const open = `SELECT allocation, kind, outcome, run, digest, version, receipt, update_seq FROM step WHERE settled = 0 AND kind IN ('start','restart','reload','stop','loss') AND ${where} ORDER BY id`;
    for (const row of this.#db.all(open, ...values)) {
      add(row.allocation, {
        unsettled: {
          kind: kindOf(row.kind),
          inDoubt: isInDoubt(row.outcome),
          ...(row.outcome === "ok" ? { wentWell: true } : {}),
          run: Number(row.run),
          ...resumableOf(row),
        },
      });
    }
    return found;
  }

  /** The promoted version of an allocation; undefined before the first promotion. */
  version(allocation: string): string | undefined {
    const row = this.#db.get("SELECT version FROM promoted WHERE allocation = ?", allocation);
    return row && String(row.version);
  }

  /** Version and tree digest that an allocation was promoted with; undefined before the first promotion. */
  promotedOf(allocation: string): Target | undefined {
    const row = this.#db.get("SELECT digest, version FROM promoted WHERE allocation = ?", allocation);
    return row && { digest: String(row.digest), version: String(row.version) };
  }

  /** The last plan of each allocation, by allocation id. */
  planned(): Map<string, Planned> {
    const rows = this.#db.all("SELECT allocation, digest, source FROM planned");
    return new Map(
      rows.map((row) => [String(row.allocation), { digest: String(row.digest), source: String(row.source) }]),
    );
  }

  plan(allocation: string, { digest, source }: Planned): void {
    this.#db.run(
      "INSERT INTO planned (allocation, digest, source) VALUES (?, ?, ?) ON CONFLICT (allocation) DO UPDATE SET digest = excluded.digest, source = excluded.source",
      allocation,
      digest,
      source,
    );
  }

  /** Stores many plans in one statement. */
  planAll(plans: readonly (Planned & { readonly allocation: string })[]): void {
    this.#db.run(
      "INSERT INTO planned (allocation, digest, source) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true ORDER BY 1 ON CONFLICT (allocation) DO UPDATE SET digest = excluded.digest, source = excluded.source",
      JSON.stringify(plans.map(({ allocation, digest, source }) => [allocation, digest, source])),
    );
  }

  /** Records that the files on the worker are unknown. Call this before a sync. */
  unstage(allocation: string): void {
    this.#db.run(
      "INSERT INTO staged (allocation, digest) VALUES (?, NULL) ON CONFLICT (allocation) DO UPDATE SET digest = NULL",
      allocation,
    );
  }

  /**
   * Records the tree that is now on the worker. Deferred: if the record is lost, the only consequence is that the files
   * are synced again.
   */
  stage(allocation: string, digest: string): void {
    this.#db.later("UPDATE staged SET digest = ? WHERE allocation = ?", digest, allocation);
  }

  /** Records the version that now runs; `stopped` marks a disabled allocation, which does not run. */
  promote(
    allocation: string,
    target: Target,
    files: readonly ListedFile[],
    { stopped, occasion, release }: Promotion,
  ): void {
    const list = JSON.stringify(files.map(listed));
    this.#db.run(
      "INSERT INTO tree (digest, files) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET files = excluded.files WHERE files <> excluded.files",
      target.digest,
      list,
    );
    this.#db.run(
      "INSERT INTO promoted (allocation, digest, scheme, version, stopped, previous_version, update_seq, release) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (allocation) DO UPDATE SET digest = excluded.digest, scheme = excluded.scheme, version = excluded.version, stopped = excluded.stopped, previous_version = excluded.previous_version, update_seq = excluded.update_seq, release = excluded.release, health_failed = 0",
      allocation,
      target.digest,
      digestScheme(files),
      target.version,
      stopped ? 1 : 0,
      occasion.currentVersion,
      occasion.updateSeq,
      release?.number ?? null,
    );
    this.#remember(allocation, target.digest);
    if (release) this.#deployed(release);
  }

  /** Records another release for an allocation whose files are the same in that release. */
  setRelease(allocation: string, release: PromotedRelease): void {
    this.setReleases([{ ...release, allocations: [allocation] }]);
  }

  /** Records other releases of jobs, each for allocations whose files are the same in that release. */
  setReleases(releases: readonly (PromotedRelease & { readonly allocations: readonly string[] })[]): void {
    const numbers = releases.flatMap(({ number, allocations }) => allocations.map((id) => [id, number]));
    this.#db.run(
      "UPDATE promoted SET release = changed.number FROM (SELECT value ->> 0 AS id, value ->> 1 AS number FROM json_each(?) ORDER BY 1) AS changed WHERE allocation = changed.id",
      JSON.stringify(numbers),
    );
    for (const release of releases) this.#deployed(release);
  }

  #deployed({ job, number }: PromotedRelease): void {
    this.#db.run("UPDATE release SET deployed = 1 WHERE job = ? AND number = ? AND deployed = 0", job, number);
  }

  /** Durably marks an allocation as stopped. Its health is no longer checked. */
  markStopped(allocation: string): void {
    this.#db.run("UPDATE promoted SET stopped = 1 WHERE allocation = ?", allocation);
    this.#db.run("DELETE FROM pending_health WHERE allocation = ?", allocation);
  }

  /** Marks an allocation that was stopped as running its promoted version again. */
  markRunning(allocation: string): void {
    this.#db.run("UPDATE promoted SET stopped = 0 WHERE allocation = ?", allocation);
  }

  markHealth(allocation: string, failed: boolean): void {
    this.#db.run("UPDATE promoted SET health_failed = ? WHERE allocation = ?", failed ? 1 : 0, allocation);
  }

  /** Deletes the state of an allocation that no longer runs and has only its data left on the worker. */
  forget(allocation: string): void {
    for (const table of ["promoted", "staged", "planned", "promotion", "pending_health"])
      this.#db.run(`DELETE FROM ${table} WHERE allocation = ?`, allocation);
    this.#db.run("UPDATE step SET settled = 1 WHERE allocation = ? AND settled = 0", allocation);
  }

  /** Adds a promotion of an allocation, and deletes its promotions before the last three. */
  #remember(allocation: string, digest: string): void {
    const last = Number(
      this.#db.get("SELECT max(number) AS last FROM promotion WHERE allocation = ?", allocation)?.last ?? 0,
    );
    this.#db.run("INSERT INTO promotion (allocation, number, digest) VALUES (?, ?, ?)", allocation, last + 1, digest);
    const gone = last + 1 - PROMOTIONS_KEPT;
    if (gone > 0) this.#db.run("DELETE FROM promotion WHERE allocation = ? AND number <= ?", allocation, gone);
  }

  /** Files of a digest; empty if unknown. */
  files(digest: string): ListedFile[] {
    const row = this.#db.get("SELECT files FROM tree WHERE digest = ?", digest);
    return row ? JSON.parse(String(row.files)) : [];
  }

  /**
   * The files that were promoted for an allocation, if any of them has a requested mode, owner or group; otherwise
   * none.
   */
  filesWithAccess(allocation: string): ListedFile[] {
    const row = this.#db.get("SELECT digest FROM promoted WHERE allocation = ? AND scheme > 1", allocation);
    return row ? this.files(String(row.digest)) : [];
  }

  /** Deletes file lists that no recorded promotion uses; returns whether there were any. */
  sweepTrees(): boolean {
    const gone = "digest NOT IN (SELECT digest FROM promotion)";
    if (this.#db.get(`SELECT 1 FROM tree WHERE ${gone} LIMIT 1`) === undefined) return false;
    this.#db.run(`DELETE FROM tree WHERE ${gone}`);
    return true;
  }
}

/**
 * Whether the result of a command is unknown, as after a lost connection, a killed run, or an interruption, which can
 * stop the command at any point.
 */
function isInDoubt(outcome: unknown): boolean {
  return outcome === null || outcome === "disconnected" || outcome === "interrupted";
}

/**
 * A step with a receipt can be resumed unless its command failed or timed out, because its worker has recorded whether
 * the step began and how it ended.
 */
function resumableOf(row: Row): Pick<Unsettled, "resumable"> {
  const { receipt, digest, version, update_seq: updateSeq, outcome } = row;
  if (receipt === null || outcome === "failed" || outcome === "timed_out") return {};
  return {
    resumable: {
      run: Number(row.run),
      receipt: String(receipt),
      ...(digest === null ? {} : { digest: String(digest) }),
      ...(version === null ? {} : { version: String(version) }),
      ...(updateSeq === null ? {} : { updateSeq: Number(updateSeq) }),
    },
  };
}

function listed({ path, hash, executable, size, secret, mode, access }: ListedFile): ListedFile {
  return {
    path,
    hash,
    executable,
    ...(size === undefined ? {} : { size }),
    ...(secret === true ? { secret } : {}),
    ...(mode === undefined ? {} : { mode }),
    ...(access === undefined ? {} : { access }),
  };
}

function promotedOf(row: Readonly<Record<string, unknown>>): Promoted {
  const { previous_version: before, update_seq: updateSeq, release } = row;
  return {
    digest: String(row.digest),
    version: String(row.version),
    healthFailed: row.health_failed === 1,
    stopped: row.stopped === 1,
    ...(release === null ? {} : { release: Number(release) }),
    ...(before === null ? {} : { occasion: { currentVersion: String(before), updateSeq: Number(updateSeq) } }),
  };
}

const KINDS: readonly Unsettled["kind"][] = ["start", "restart", "reload", "stop", "remove", "loss"];

function kindOf(text: unknown): Unsettled["kind"] {
  return KINDS.find((kind) => kind === text) ?? "restart";
}
