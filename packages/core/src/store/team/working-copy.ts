import type { Database } from "better-sqlite3";
import { isMaandError, MaandError } from "../../errors.ts";
import type { Holder } from "../lock/holder.ts";
import { STORE_VERSION } from "../migrations.ts";
import { guarded } from "../store-error.ts";
import type { Authority, LeaseProof, LeaseState, Pulled, Standing } from "./authority.ts";
import { type Replica, readReplica, writeReplica } from "./replica-row.ts";
import { type RowChange, RowChanges } from "./row-changes.ts";
import { upgradeBucket } from "./upgrade-bucket.ts";

/**
 * Thrown within a transaction if other commands have changed the bucket since the revision of the copy. The transaction
 * is rolled back and run again.
 */
class Outdated extends Error {}

/** The maximum number of attempts of a transaction, if other commands change the bucket each time. */
const ATTEMPTS = 20;

/** The functions that the holder of a lease provides. */
export interface LeaseKeeper {
  /** The proof that is sent with each change. Throws LEASE_LOST if the lease is lost. */
  proof(): LeaseProof;
  /** Called when the database reports that the lease is lost, with its holder, or null if no command holds it. */
  lost(holder: Holder | null): MaandError;
  /** Called when the database no longer responds. */
  unreachable(error: MaandError): void;
}

/**
 * The SQLite file of a bucket whose store is in PostgreSQL. All reads are local. Each transaction is sent to the
 * database before it is committed here. The database refuses it if it is based on an older revision, or if the lease
 * that it was sent with is lost. If the copy is lost, no data is lost.
 */
export class WorkingCopy {
  readonly #db: Database;
  readonly #changes: RowChanges;
  readonly #now: () => string;
  readonly authority: Authority;
  #keeper: LeaseKeeper | undefined;
  #received: () => void = () => {};
  #lease: LeaseState | null = null;
  #leaseSeen = 0;

  constructor(db: Database, authority: Authority, now: () => string) {
    this.#db = db;
    this.authority = authority;
    this.#now = now;
    this.#changes = new RowChanges(db);
  }

  /** The row of this copy. */
  replica(): Replica {
    const { url, bucket } = this.authority;
    return readReplica(this.#db) ?? { url, bucket, revision: 0, change: null, syncedAt: null };
  }

  /** Calls a function whenever rows of other commands were stored here. */
  onReceived(listener: () => void): void {
    this.#received = listener;
  }

  /** From now on, changes carry the proof of this lease. Undefined means that the lease was released. */
  keep(keeper: LeaseKeeper | undefined): void {
    this.#keeper = keeper;
    if (!keeper) this.#lease = null;
  }

  /**
   * The holder of the lease according to the last response of the database; undefined if the lease is free, or has
   * expired since then.
   */
  holder(): Holder | undefined {
    return this.leaseLeftMs() > 0 ? (this.#lease?.holder ?? undefined) : undefined;
  }

  /** Milliseconds until the lease expires, unless it is renewed; zero or negative if it is free or has expired. */
  leaseLeftMs(): number {
    const { holder, leftMs } = this.#lease ?? {};
    return holder && typeof leftMs === "number" ? leftMs - (performance.now() - this.#leaseSeen) : 0;
  }

  /** Updates the copy, in one round trip if little has changed. */
  pull(): Standing {
    return this.#guarded(() => {
      const have = this.replica();
      return this.#receive(this.authority.pull(have.revision), have);
    });
  }

  /** Replaces the entire copy with the rows of the database. */
  reset(): void {
    this.#guarded(() => this.#store(this.authority.pull(0), 0));
    this.pull();
  }

  /** Tries to take the lease, and updates the copy in the same round trip. If this throws, the lease is not kept. */
  take(nonce: string, holder: Holder, ttlMs: number): LeaseState | null {
    return this.#guarded(() => {
      const have = this.replica();
      const pulled = this.authority.take(have.revision, nonce, holder, ttlMs);
      try {
        return this.#receive(pulled, have).lease;
      } catch (cause) {
        this.#giveBack(pulled.standing.lease, nonce);
        throw cause;
      }
    });
  }

  /** Releases a lease that cannot be used, because all other commands would wait for it. */
  #giveBack(lease: LeaseState | null, nonce: string): void {
    if (lease?.nonce !== nonce) return;
    try {
      this.authority.release({ number: lease.number, nonce });
    } catch {
      // the lease expires in the database
    }
  }

  /**
   * Converts SQLite errors, because the file of the copy can be full, locked or damaged like the file of any other
   * store.
   */
  #guarded<T>(work: () => T): T {
    return guarded(this.#db.name, work);
  }

  /** Runs `commit`, a complete transaction that calls {@link push} at its end, until it is based on the newest rows. */
  attempt<T>(commit: () => T, rolledBack: () => void): T {
    this.#changes.watch();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return commit();
      } catch (cause) {
        if (!(cause instanceof Outdated)) throw cause;
        rolledBack();
        if (attempt === ATTEMPTS) throw contended(this.authority.url);
        this.pull();
      }
    }
  }

  /** Replaces all rows of the bucket, first in the database. */
  replace(rows: Iterable<RowChange>): void {
    const { revision } = this.authority.pull(Number.MAX_SAFE_INTEGER).standing;
    const lease = this.#keeper?.proof();
    const done = this.authority.apply({ expected: revision, rows, lease, version: STORE_VERSION, replace: true });
    if (done.outcome === "lease") throw this.#keeper?.lost(done.holder) ?? contended(this.authority.url);
    if (done.outcome === "outdated") throw contended(this.authority.url);
    this.#guarded(() => this.#store(this.authority.pull(0), 0));
  }

  /** Forgets the noted keys. Call this when a transaction has begun. */
  begin(): void {
    this.#changes.clear();
  }

  /**
   * Sends the writes of the transaction before the transaction is committed. Throws if the database refuses the writes.
   */
  push(): void {
    const rows = this.#changes.collect();
    const first = rows.next();
    if (first.done) return;
    const { revision } = this.replica();
    const all = (function* () {
      yield first.value;
      yield* rows;
    })();
    const done = this.#send(revision, all);
    if (done.outcome === "outdated") throw new Outdated();
    if (done.outcome === "lease") throw this.#keeper?.lost(done.holder) ?? new Outdated();
    this.#note(done.revision, done.change);
  }

  #send(expected: number, rows: Iterable<RowChange>) {
    try {
      return this.authority.apply({ expected, rows, lease: this.#keeper?.proof() });
    } catch (cause) {
      if (isMaandError(cause) && cause.code === "STORE_UNREACHABLE") this.#keeper?.unreachable(cause);
      throw cause;
    }
  }

  #note(revision: number, change: string | null): void {
    writeReplica(this.#db, { ...this.replica(), url: this.authority.url, revision, change, syncedAt: this.#now() });
  }

  /**
   * Processes a response. `have` is the state of the copy when the request was sent. Another process on this machine
   * may have updated the copy since then.
   */
  #receive(first: Pulled, have: Replica): Standing {
    const { standing } = first;
    this.#lease = standing.lease;
    this.#leaseSeen = performance.now();
    if (standing.version > STORE_VERSION) throw newer(this.authority.url, standing.version);
    if (standing.version < STORE_VERSION) {
      upgradeBucket(this.authority, standing, this.#keeper?.proof());
      this.reset();
      return standing;
    }
    if (have.revision > 0) this.#checkHistory(have, standing);
    if (have.revision === standing.revision && have.revision > 0) return standing;
    if (have.revision > 0 && have.revision < standing.pruned) this.#store(this.authority.pull(0), 0);
    else this.#store(first, have.revision);
    return standing;
  }

  /**
   * Throws if the copy has seen changes that the database has lost: the revision of the copy is newer than the
   * database, or is not in its history.
   */
  #checkHistory(have: Replica, { revision, sinceChange, pruned }: Standing): void {
    const isKnown = have.revision < pruned || sinceChange === have.change;
    if (have.revision <= revision && isKnown) return;
    throw new MaandError({
      code: "STORE_REVERTED",
      message: `the store ${this.authority.url} has lost changes: it is at revision ${revision}, and this copy has seen revision ${have.revision}, which is not in its history; nothing was changed`,
      hint: "was it restored from a backup, or replaced by a standby that was behind? docs/team.md describes what to do",
    });
  }

  /**
   * Writes all parts of a response, as one local transaction. The rows are consistent only after the last part, so
   * changes that were made in the meantime are also pulled.
   */
  #store(first: Pulled, since: number): void {
    this.#db.pragma("foreign_keys = OFF");
    try {
      const work = this.#db.transaction(() => {
        let { revision, lastChange } = first.standing;
        // another process on this machine may have updated the copy
        if (since > 0 && this.replica().revision >= revision) return;
        if (since === 0) this.#changes.wipe();
        for (let from = since, part = first; ; from = revision, part = this.authority.pull(from)) {
          const count = this.#applyParts(part, from);
          ({ revision, lastChange } = part.standing);
          if (count === 1) break; // a single statement reads a consistent state
        }
        this.#note(revision, lastChange);
      });
      work.immediate();
      this.#received();
    } finally {
      this.#db.pragma("foreign_keys = ON");
    }
  }

  /** Writes all parts of a response, and returns the number of parts. */
  #applyParts(first: Pulled, since: number): number {
    let count = 0;
    for (const { rows } of this.authority.parts(first, since)) {
      this.#changes.apply(rows);
      count += 1;
    }
    return count;
  }
}

function newer(url: string, version: number): MaandError {
  return new MaandError({
    code: "STORE_NEWER",
    message: `the store ${url} has version ${version}, but this version of maand supports only up to ${STORE_VERSION}`,
    hint: "use the version of maand that its other users have, or a newer one",
  });
}

function contended(url: string): MaandError {
  return new MaandError({
    code: "BUSY",
    message: `other commands changed the store ${url} ${ATTEMPTS} times in a row, so this change was not stored`,
    hint: "run the command again",
  });
}
