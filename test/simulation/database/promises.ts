import { expect, it } from "vitest";
import type { Holder } from "../../../packages/core/src/store/lock/holder.ts";
import { Authority } from "../../../packages/core/src/store/team/authority.ts";
import type { Statements } from "../../../packages/core/src/store/team/pg/statements.ts";
import type { RowChange } from "../../../packages/core/src/store/team/row-changes.ts";

/** A database to test. */
export interface DatabaseUnderTest {
  /** A new connection. */
  connect(): Statements;
  /** Makes the lease of a bucket expire. */
  expire(bucket: string): void;
}

const HOLDER: Holder = { pid: 1, command: "deploy", since: "2030-01-01T00:00:00.000Z" };
const TTL_MS = 30_000;

/** The properties that the store relies on. The same tests run on the simulated database and on PostgreSQL. */
export function databasePromises(underTest: () => DatabaseUnderTest): void {
  let count = 0;
  /** A bucket without rows, and a function that opens it again from another machine. */
  function newBucket(): { authority: Authority; open: () => Authority; id: string } {
    count += 1;
    const id = `bucket-${count}`;
    const open = () => new Authority(underTest().connect(), id, "postgres://database/maand");
    const authority = open();
    authority.create(1);
    return { authority, open, id };
  }

  it("contains each created bucket once", () => {
    const lacking = new Authority(underTest().connect(), "nothing", "postgres://database/maand");
    const { authority } = newBucket();
    expect(() => lacking.pull(0)).toThrow(expect.objectContaining({ code: "STORE_LACKS_BUCKET" }));
    expect(lacking.exists()).toBe(false);
    expect(() => lacking.apply(change(0))).toThrow(expect.objectContaining({ code: "STORE_LACKS_BUCKET" }));
    authority.create(7);
    expect(authority.exists()).toBe(true);
    expect(authority.pull(0).standing).toMatchObject({
      revision: 0,
      version: 1,
      pruned: 0,
      lastChange: null,
      lease: null,
    });
  });

  it("stores a change atomically, and returns the rows that changed since a revision", () => {
    const { authority, open } = newBucket();
    const first = authority.apply(change(0, row("job", "api"), row("job", "web"), bytesRow("content", "a")));
    expect(first).toMatchObject({ outcome: "stored", revision: 1 });
    const second = authority.apply(change(1, deleted("job", "web")));
    const pulled = open().pull(1);
    expect(pulled.rows).toEqual([{ ...deleted("job", "web") }]);
    expect(pulled.standing).toMatchObject({ revision: 2, sinceChange: changeOf(first), lastChange: changeOf(second) });
    expect(namesOf(open().pull(0).rows)).toEqual(['content ["a"]', 'job ["api"]']);
    expect(open().pull(0).rows[0]?.bytes).toEqual(Buffer.from([0, 255, 1]));
    expect(open().pull(2).rows).toEqual([]);
  });

  it("refuses a change that is based on an older revision", () => {
    const { authority } = newBucket();
    authority.apply(change(0, row("job", "api")));
    expect(authority.apply(change(0, row("job", "web")))).toEqual({ outcome: "outdated" });
    expect(authority.pull(0).standing.revision).toBe(1);
  });

  it("stores a change once, even if it is sent several times", () => {
    const { id, authority } = newBucket();
    const statements = underTest().connect();
    const sql = "SELECT maand.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS done";
    const values = [id, 0, "the change", null, null, null, false, 0, ["job"], ['["api"]'], ["{}"], [null]];
    const done = () => statements.query(sql, values)[0]?.done;
    expect(done()).toMatchObject({ outcome: "stored", revision: 1 });
    authority.apply(change(1, row("job", "web")));
    expect(done()).toMatchObject({ outcome: "stored", revision: 1 });
    expect(authority.pull(0).standing.revision).toBe(2);
  });

  it("stores the parts of a change only after all of them have arrived", () => {
    const { id, authority } = newBucket();
    const statements = underTest().connect();
    const put = "SELECT maand.put_part($1, $2, $3, $4, $5, $6, $7)";
    const sql = "SELECT maand.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS done";
    const values = [id, 0, "in parts", null, null, null, false, 2, ["job"], ['["c"]'], ["{}"], [null]];
    statements.query(put, [id, "in parts", 0, ["job"], ['["a"]'], ["{}"], [null]]);
    expect(statements.query(sql, values)[0]?.done).toMatchObject({ outcome: "incomplete" });
    statements.query(put, [id, "in parts", 1, ["job"], ['["b"]'], ["{}"], [null]]);
    statements.query(put, [id, "in parts", 1, ["job"], ['["b"]'], ["{}"], [null]]);
    expect(statements.query(sql, values)[0]?.done).toMatchObject({ outcome: "stored" });
    expect(namesOf(authority.pull(0).rows)).toEqual(['job ["a"]', 'job ["b"]', 'job ["c"]']);
  });

  it("deletes rows that a complete replacement does not contain, and updates the store version", () => {
    const { authority } = newBucket();
    authority.apply(change(0, row("job", "api"), row("job", "web")));
    authority.apply({ ...change(1, row("job", "web")), replace: true, version: 9 });
    const { rows, standing } = authority.pull(1);
    expect(rows).toEqual([deleted("job", "api"), row("job", "web")]);
    expect(standing.version).toBe(9);
  });

  it("returns large results in parts", () => {
    const { authority } = newBucket();
    const large = (name: string): RowChange => ({ ...row("content", name), bytes: Buffer.alloc(5_000_000) });
    authority.apply(change(0, large("a"), large("b"), large("c")));
    const first = authority.pull(0);
    expect({ more: first.more, rows: namesOf(first.rows) }).toEqual({
      more: true,
      rows: ['content ["a"]', 'content ["b"]'],
    });
    const parts = [...authority.parts(first, 0)];
    expect(parts.map(({ rows, more }) => [namesOf(rows), more])).toEqual([
      [['content ["a"]', 'content ["b"]'], true],
      [['content ["c"]'], false],
    ]);
  });

  it("gives the lease to one command, again to the same command, and to the next command with a larger number", () => {
    const { authority, open, id } = newBucket();
    const other = open();
    expect(authority.take(0, "mine", HOLDER, TTL_MS).standing.lease).toMatchObject({
      number: 1,
      nonce: "mine",
      holder: HOLDER,
    });
    expect(authority.take(0, "mine", HOLDER, TTL_MS).standing.lease?.number).toBe(1);
    const refused = other.take(0, "other", HOLDER, TTL_MS).standing.lease;
    expect(refused).toMatchObject({ number: 1, nonce: "mine" });
    expect(refused?.leftMs).toBeGreaterThan(0);
    underTest().expire(id);
    expect(other.pull(0).standing.lease?.leftMs).toBeLessThan(0);
    expect(other.take(0, "other", HOLDER, TTL_MS).standing.lease).toMatchObject({ number: 2, nonce: "other" });
  });

  it("ends a lease only for the command that holds it, and gives the next lease a larger number", () => {
    const { authority } = newBucket();
    authority.take(0, "mine", HOLDER, TTL_MS);
    expect(authority.release({ number: 1, nonce: "other" })).toBe(false);
    expect(authority.release({ number: 2, nonce: "mine" })).toBe(false);
    expect(authority.release({ number: 1, nonce: "mine" })).toBe(true);
    expect(authority.pull(0).standing.lease).toMatchObject({ number: 1, nonce: null, holder: null, leftMs: null });
    expect(authority.release({ number: 1, nonce: "mine" })).toBe(false);
    expect(authority.take(0, "next", HOLDER, TTL_MS).standing.lease?.number).toBe(2);
  });

  it("renews a lease only for its holder, even an expired lease that no other command has taken", () => {
    const { authority, id } = newBucket();
    const statements = underTest().connect();
    const renew = (number: number, nonce: string) =>
      statements.query("SELECT maand.renew($1, $2, $3, $4) AS renewed", [id, number, nonce, TTL_MS])[0]?.renewed;
    expect(renew(1, "mine")).toBe(false);
    authority.take(0, "mine", HOLDER, TTL_MS);
    underTest().expire(id);
    expect([renew(1, "other"), renew(2, "mine"), renew(1, "mine")]).toEqual([false, false, true]);
    expect(authority.pull(0).standing.lease?.leftMs).toBeGreaterThan(0);
  });

  it("refuses a change with another lease, and accepts a change without a lease", () => {
    const { authority } = newBucket();
    authority.take(0, "mine", HOLDER, TTL_MS);
    const lease = (number: number, nonce: string) => ({ ...change(0, row("job", "api")), lease: { number, nonce } });
    expect(authority.apply(lease(1, "other"))).toEqual({ outcome: "lease", holder: HOLDER });
    expect(authority.apply(lease(2, "mine"))).toEqual({ outcome: "lease", holder: HOLDER });
    expect(authority.apply(lease(1, "mine"))).toMatchObject({ outcome: "stored" });
    expect(authority.apply(change(1, row("job", "web")))).toMatchObject({ outcome: "stored" });
  });

  it("refuses all statements for a bucket that was moved, until it is moved back", () => {
    const { authority } = newBucket();
    authority.markMoved("sqlite");
    const moved = expect.objectContaining({ code: "STORE_MOVED" });
    expect(() => authority.pull(0)).toThrow(moved);
    expect(() => authority.apply(change(0, row("job", "api")))).toThrow(moved);
    expect(() => authority.take(0, "mine", HOLDER, TTL_MS)).toThrow(moved);
    expect([authority.unmarkMoved(), authority.unmarkMoved()]).toEqual([true, false]);
    expect(authority.pull(0).standing).toMatchObject({ revision: 0, lease: null });
  });
}

function row(name: string, key: string): RowChange {
  return { name, key: JSON.stringify([key]), row: `{"name":"${key}"}`, bytes: null };
}

function bytesRow(name: string, key: string): RowChange {
  return { ...row(name, key), bytes: Buffer.from([0, 255, 1]) };
}

function deleted(name: string, key: string): RowChange {
  return { name, key: JSON.stringify([key]), row: null, bytes: null };
}

function change(expected: number, ...rows: readonly RowChange[]) {
  return { expected, rows, lease: undefined };
}

function changeOf(applied: object): unknown {
  return "change" in applied ? applied.change : undefined;
}

function namesOf(rows: readonly RowChange[]): string[] {
  return rows.map(({ name, key }) => `${name} ${key}`);
}
