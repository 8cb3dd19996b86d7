import type { Row } from "../../../packages/core/src/store/team/pg/messages.ts";
import { PART_BYTES, SCHEMA_VERSION } from "../../../packages/core/src/store/team/pg/schema.ts";
import type { Flaw } from "../flaw.ts";
import { type BucketState, emptyBucket, recordId, type SimulatedLease, type SimulatedRecord } from "./bucket-state.ts";

/** An observer of a database. */
export interface DatabaseObserver {
  taken?(lease: SimulatedLease, now: number): void;
  renewed?(lease: SimulatedLease): void;
  /** A command with this number and nonce released the lease. This command may not be the holder of the lease. */
  released?(by: { readonly number: unknown; readonly nonce: unknown }): void;
  stored?(state: BucketState, rows: readonly SimulatedRecord[], lease: { number: unknown; nonce: unknown }): void;
}

/** The number of commits that a database can lose. */
const KEPT_STATES = 4;

/**
 * Simulates the schema `maand` of PostgreSQL and the statements of the store, in memory, with a simulated clock. Each
 * statement is one transaction. Unlike PostgreSQL, it never deletes old changes. The same tests run against this
 * simulation and against PostgreSQL.
 */
export class SimulatedDatabase {
  readonly #buckets = new Map<string, BucketState>();
  readonly #past: { readonly id: string; readonly state: BucketState }[] = [];
  #hasSchema = false;
  flaw: Flaw | undefined;
  observer: DatabaseObserver = {};

  /** Returns an independent database with the same content. */
  copy(): SimulatedDatabase {
    const copy = new SimulatedDatabase();
    for (const [id, state] of this.#buckets) copy.#buckets.set(id, state);
    copy.#hasSchema = this.#hasSchema;
    return copy;
  }

  state(bucket: string): BucketState | undefined {
    return this.#buckets.get(bucket);
  }

  /** Restores the state before the last commits, like a standby that lacks them. Returns the number of lost commits. */
  loseCommits(count: number): number {
    let lost = 0;
    for (; lost < count; lost += 1) {
      const last = this.#past.pop();
      if (!last) break;
      this.#buckets.set(last.id, last.state);
    }
    return lost;
  }

  /** Runs a statement at a time of the clock of the database, in milliseconds. */
  execute(sql: string, values: readonly unknown[], now: number): readonly Row[] {
    const name = /\bmaand\.(\w+)\s*\(/.exec(sql)?.[1];
    const id = String(values[0]);
    if (name === "pull") return this.#pull(id, values.slice(1), now);
    if (name === "take") return this.#take(id, values.slice(1), now);
    if (name === "renew") return [{ renewed: this.#renew(id, values.slice(1), now) }];
    if (name === "release") return [{ released: this.#release(id, values.slice(1)) }];
    if (name === "apply" && sql.startsWith("SELECT")) return [{ done: this.#apply(id, values.slice(1)) }];
    if (name === "put_part") return this.#putPart(id, values.slice(1));
    return this.#administer(sql, values);
  }

  #administer(sql: string, values: readonly unknown[]): readonly Row[] {
    const id = String(values[0]);
    const state = this.#buckets.get(id);
    if (sql.includes("to_regclass")) return [{ found: this.#hasSchema }];
    if (sql.includes("CREATE SCHEMA")) this.#hasSchema = true;
    else if (sql.startsWith("INSERT INTO maand.bucket")) {
      if (!state) this.#commit(id, emptyBucket(Number(values[1])));
    } else if (sql.startsWith("SELECT 1 FROM maand.bucket")) return state ? [{ "?column?": 1 }] : [];
    else if (sql.includes("SET moved_to = NULL")) {
      if (!state || state.movedTo === null) return [];
      this.#commit(id, { ...state, movedTo: null });
      return [{ id }];
    } else if (sql.includes("SET moved_to = $2")) {
      if (state) this.#commit(id, { ...state, movedTo: String(values[1]) });
    } else if (!sql.includes("maand.run_record")) throw new Error(`the simulated database does not support: ${sql}`);
    return [];
  }

  #pull(id: string, [since = 0, afterName = "", afterKey = ""]: readonly unknown[], now: number): readonly Row[] {
    const state = this.#buckets.get(id);
    if (!state) return [];
    const from = Number(since);
    const rows: Row[] = [{ name: "", key: "", row: headerOf(state, from, now), bytes: null }];
    const begin = recordId({ name: String(afterName), key: String(afterKey) });
    let total = 0;
    for (const [place, { name, key, row, bytes, revision }] of [...state.records].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      if (revision <= from || (from === 0 && row === null) || place <= begin) continue;
      rows.push({ name, key, row, bytes });
      total += 100 + (bytes?.length ?? 0) + Buffer.byteLength(row ?? "");
      if (total > PART_BYTES) break;
    }
    if (total > PART_BYTES) rows.push({ name: "", key: "", row: '{"continues": true}', bytes: null });
    return rows;
  }

  #take(id: string, [since, nonce, holder, ttlMs]: readonly unknown[], now: number): readonly Row[] {
    const state = this.#buckets.get(id);
    if (state && state.movedTo === null) {
      const before = state.lease;
      const isMine = before?.nonce === nonce;
      if (!before || before.nonce === null || isMine || (before.expiresAt ?? now) < now) {
        const number = (before?.number ?? 0) + (isMine ? 0 : 1);
        const lease = { number, nonce: String(nonce), holder: String(holder), expiresAt: now + Number(ttlMs) };
        this.#commit(id, { ...state, lease });
        this.observer.taken?.(lease, now);
      }
    }
    return this.#pull(id, [since], now);
  }

  #renew(id: string, [number, nonce, ttlMs]: readonly unknown[], now: number): boolean {
    const state = this.#buckets.get(id);
    if (!state?.lease || state.lease.number !== number || state.lease.nonce !== nonce) return false;
    const lease = { ...state.lease, expiresAt: now + Number(ttlMs) };
    this.#commit(id, { ...state, lease });
    this.observer.renewed?.(lease);
    return true;
  }

  #release(id: string, [number, nonce]: readonly unknown[]): boolean {
    const state = this.#buckets.get(id);
    if (!state?.lease) return false;
    const isMine = state.lease.number === number && state.lease.nonce === nonce;
    if (!isMine && this.flaw !== "release-ignores-number") return false;
    this.#commit(id, { ...state, lease: { number: state.lease.number, nonce: null, holder: null, expiresAt: null } });
    this.observer.released?.({ number, nonce });
    return true;
  }

  #putPart(id: string, [change, number, ...columns]: readonly unknown[]): readonly Row[] {
    const state = this.#buckets.get(id);
    if (!state) throw new Error(`there is no bucket ${id}`);
    const uploaded = new Map(state.uploads.get(String(change)));
    for (const row of recordsOf(columns, 0)) uploaded.set(recordId(row), { ...row, part: Number(number) });
    this.#commit(id, { ...state, uploads: new Map(state.uploads).set(String(change), uploaded) });
    return [];
  }

  #apply(id: string, values: readonly unknown[]): object {
    const [expected, change, number, nonce, version, replace, parts, ...columns] = values;
    const state = this.#buckets.get(id);
    if (!state) return { outcome: "missing" };
    const known = state.changes.get(String(change));
    if (known !== undefined) return { outcome: "stored", revision: known };
    if (state.movedTo !== null) return { outcome: "moved", to: state.movedTo };
    const { lease } = state;
    const isHeld = lease?.number === number && lease?.nonce === nonce;
    if (nonce !== null && !isHeld)
      return { outcome: "lease", holder: parsed(lease?.holder), number: lease?.number ?? null };
    if (state.revision !== expected) return { outcome: "outdated", revision: state.revision };
    const uploaded = [...(state.uploads.get(String(change))?.values() ?? [])];
    if (new Set(uploaded.map(({ part }) => part)).size !== parts) return { outcome: "incomplete" };
    const revision = state.revision + 1;
    const parted = uploaded.map(({ part: _part, ...row }) => row);
    const rows = [...parted, ...recordsOf(columns, 0)].map((row) => ({ ...row, revision }));
    const next = withRows(state, rows, { revision, change: String(change), isWhole: replace === true });
    this.#commit(id, { ...next, version: typeof version === "number" ? version : state.version });
    this.observer.stored?.(next, rows, { number, nonce });
    return { outcome: "stored", revision };
  }

  #commit(id: string, state: BucketState): void {
    const before = this.#buckets.get(id);
    if (before) this.#past.push({ id, state: before });
    if (this.#past.length > KEPT_STATES) this.#past.shift();
    this.#buckets.set(id, state);
  }
}

interface Written {
  readonly revision: number;
  readonly change: string;
  /** Whether rows that are not given are deleted. */
  readonly isWhole: boolean;
}

function withRows(state: BucketState, rows: readonly SimulatedRecord[], written: Written): BucketState {
  const { revision, change, isWhole } = written;
  const records = new Map(state.records);
  const given = new Set(rows.map(recordId));
  if (isWhole)
    for (const [place, record] of records)
      if (!given.has(place) && record.row !== null) records.set(place, { ...record, row: null, bytes: null, revision });
  for (const row of rows) records.set(recordId(row), row);
  const uploads = new Map(state.uploads);
  uploads.delete(change);
  return { ...state, revision, records, uploads, changes: new Map(state.changes).set(change, revision) };
}

/** Converts columns of names, keys, rows and bytes to records. */
function recordsOf(columns: readonly unknown[], revision: number): SimulatedRecord[] {
  const [names, keys, rows, bytes] = columns.map((column) => (Array.isArray(column) ? column : []));
  return (names ?? []).map((name, at) => ({
    ...{ name: String(name), key: String(keys?.[at]), revision },
    row: typeof rows?.[at] === "string" ? rows[at] : null,
    bytes: bytes?.[at] instanceof Uint8Array ? Buffer.from(bytes[at]) : null,
  }));
}

function headerOf(state: BucketState, since: number, now: number): string {
  const { lease } = state;
  const changeOf = (revision: number) => [...state.changes].find(([, made]) => made === revision)?.[0] ?? null;
  return JSON.stringify({
    ...{ schema: SCHEMA_VERSION, minimum: 1 },
    ...{ revision: state.revision, version: state.version, pruned: state.pruned, movedTo: state.movedTo },
    ...{ lastChange: changeOf(state.revision), sinceChange: changeOf(since) },
    lease: lease
      ? {
          ...{ number: lease.number, nonce: lease.nonce, holder: parsed(lease.holder) },
          leftMs: lease.expiresAt === null ? null : lease.expiresAt - now,
        }
      : null,
    more: null,
  });
}

function parsed(json: string | null | undefined): unknown {
  return typeof json === "string" ? JSON.parse(json) : null;
}
