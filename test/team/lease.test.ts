import { spawnSync } from "node:child_process";
import Sqlite from "better-sqlite3";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import type { MaandError } from "../../packages/core/src/errors.ts";
import { lockHolder } from "../../packages/core/src/store/lock/bucket-lock.ts";
import { type Holder, withMachine } from "../../packages/core/src/store/lock/holder.ts";
import type { Store } from "../../packages/core/src/store/store.ts";
import { type LeaseTimes, takeLease } from "../../packages/core/src/store/team/lease.ts";
import { makeWorkingCopy } from "../../packages/core/src/store/team/move.ts";
import { until } from "../support/fleet/until.ts";
import { AT, Databases, type SharedBucket } from "./shared.ts";

let databases: Databases;
beforeAll(async () => {
  databases = await Databases.start();
});
afterEach(() => databases.closeAll());
afterAll(() => databases.dispose());

const SHORT: LeaseTimes = { ttlMs: 1500, everyMs: 200, marginMs: 300 };
/** The first renewal would be after the end of the test. */
const NEVER_RENEWED: LeaseTimes = { ttlMs: 1500, everyMs: 60_000, marginMs: 300 };

function holder(command: string, more: Partial<Holder> = {}): Holder {
  return { ...withMachine({ pid: process.pid, command, since: AT }, "ann"), ...more };
}

function take(store: Store, command: string, times?: LeaseTimes, onLost: (error: MaandError) => void = () => {}) {
  if (!store.workingCopy) throw new Error("it is an SQLite store");
  return takeLease(store.workingCopy, holder(command), onLost, times);
}

/** Blocks this thread, as a busy process does. */
function busy(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Resolves when the lease of a bucket is renewed. */
async function renewed(team: SharedBucket): Promise<void> {
  const end = () => team.sql("SELECT expires_at FROM maand.lease WHERE bucket = $ID");
  const before = end();
  await until("a renewal", () => end() !== before);
}

/** Makes a lease expire without waiting. */
const EXPIRED = "UPDATE maand.lease SET expires_at = clock_timestamp() - interval '1 ms' WHERE bucket = $ID";

it("the lease of a bucket has one holder, which other copies can read, and is free after its release", () => {
  const team = databases.bucket();
  const [one, other] = [team.open(), team.open()];
  const lease = take(one, "deploy");
  expect(() => take(other, "build")).toThrow(
    expect.objectContaining({ code: "BUSY", message: expect.stringContaining("maand deploy (ann on ") }),
  );
  expect(other.holder.read()).toMatchObject({ command: "deploy", user: "ann", pid: process.pid });
  lease.release();
  take(other, "build").release();
  expect(team.sql("SELECT number, nonce, holder FROM maand.lease WHERE bucket = $ID")).toBe("2||");
});

it("an expired lease can be taken with the next number, and changes by its former holder are refused", () => {
  const team = databases.bucket();
  const [former, next] = [team.open(), team.open()];
  const lost = vi.fn();
  const lease = take(former, "deploy", undefined, lost);
  former.bucket.nextUpdateSeq();
  team.sql(EXPIRED);
  const taken = take(next, "build");
  expect(team.sql("SELECT number FROM maand.lease WHERE bucket = $ID")).toBe("2");
  expect(() => former.bucket.nextUpdateSeq()).toThrow(
    expect.objectContaining({ code: "LEASE_LOST", message: expect.stringContaining("maand build (ann on ") }),
  );
  expect(lost).toHaveBeenCalledOnce();
  expect(former.bucket.read()?.updateSeq).toBe(1);
  lease.release();
  expect(next.bucket.nextUpdateSeq()).toBe(2);
  expect(() => take(team.open(), "gc")).toThrow(expect.objectContaining({ code: "BUSY" }));
  taken.release();
});

it("a lease with the same number but another nonce belongs to another holder, as after a database has lost changes", () => {
  const team = databases.bucket();
  const store = team.open();
  take(store, "deploy");
  team.sql("UPDATE maand.lease SET nonce = 'another' WHERE bucket = $ID");
  expect(() => store.bucket.nextUpdateSeq()).toThrow(expect.objectContaining({ code: "LEASE_LOST" }));
});

it("a lease is renewed even while its holder is busy", () => {
  const team = databases.bucket();
  const store = team.open();
  const lease = take(store, "deploy", SHORT);
  busy(3 * SHORT.ttlMs);
  expect(() => take(team.open(), "build")).toThrow(expect.objectContaining({ code: "BUSY" }));
  expect(store.bucket.nextUpdateSeq()).toBe(1);
  lease.release();
});

it("a holder loses its lease before the expiry if the database does not answer", async () => {
  const team = databases.bucket();
  const store = team.open();
  const lost = new Promise<MaandError>((resolve) => {
    take(store, "deploy", NEVER_RENEWED, resolve);
  });
  const began = performance.now();
  expect(await lost).toMatchObject({ code: "LEASE_LOST" });
  expect(performance.now() - began).toBeLessThan(NEVER_RENEWED.ttlMs);
  const trips = store.workingCopy?.authority.trips;
  expect(() => store.bucket.nextUpdateSeq()).toThrow(/could not be renewed in time/);
  expect(store.workingCopy?.authority.trips).toBe(trips);
});

it("the lease of a killed process can be taken immediately on the same machine", () => {
  const team = databases.bucket();
  const store = team.open();
  const dead = spawnSync("true").pid;
  const gone = holder("deploy", { pid: dead, process: "another process" });
  if (store.workingCopy) takeLease(store.workingCopy, gone, () => {});
  const other = team.open();
  take(other, "build").release();
  const elsewhere = holder("deploy", { pid: dead, process: "another process", space: "another machine" });
  if (other.workingCopy) takeLease(other.workingCopy, elsewhere, () => {});
  expect(() => take(team.open(), "gc")).toThrow(expect.objectContaining({ code: "BUSY" }));
});

/** Renewals fail temporarily, and are retried, until the gate is open. */
const GATE = `
CREATE TABLE maand.gate (is_open boolean NOT NULL);
INSERT INTO maand.gate VALUES (false);
CREATE SEQUENCE maand.tries;
GRANT ALL ON maand.gate, maand.tries TO maand;
ALTER FUNCTION maand.renew RENAME TO renew_now;
CREATE FUNCTION maand.renew(of text, its bigint, mine text, ttl_ms bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM nextval('maand.tries');
  IF NOT (SELECT is_open FROM maand.gate) THEN RAISE EXCEPTION 'closed' USING ERRCODE = '40001'; END IF;
  RETURN maand.renew_now(of, its, mine, ttl_ms);
END $$;
`;
const RARELY: LeaseTimes = { ttlMs: 60_000, everyMs: 2000, marginMs: 300 };

it("a late renewal of an earlier lease does not end the current lease of the same process", async () => {
  const team = databases.bucket(undefined, { alone: true });
  team.sql(GATE);
  const store = team.open();
  const before = take(store, "build", RARELY);
  // from then on, the next attempt is late enough for this test
  await until("a renewal is retried", () => Number(team.sql("SELECT last_value FROM maand.tries")) >= 6);
  before.release();
  const lost = vi.fn();
  const lease = take(store, "deploy", RARELY, lost);
  team.sql("UPDATE maand.gate SET is_open = true");
  await renewed(team);
  expect(lost).not.toHaveBeenCalled();
  expect(store.bucket.nextUpdateSeq()).toBe(1);
  lease.release();
});

it("a lease is still renewed after the release of an earlier, lost lease of the same process", async () => {
  const team = databases.bucket();
  const [store, other] = [team.open(), team.open()];
  const lost = take(store, "build", { ...NEVER_RENEWED, ttlMs: 60_000 });
  team.sql(EXPIRED);
  take(other, "gc").release();
  expect(() => store.bucket.nextUpdateSeq()).toThrow(expect.objectContaining({ code: "LEASE_LOST" }));
  const lease = take(store, "deploy", RARELY);
  lost.release();
  await renewed(team);
  expect(store.bucket.nextUpdateSeq()).toBe(1);
  lease.release();
});

it("a command releases its lease if its working copy is refused or cannot be written", () => {
  const team = databases.bucket(undefined, { alone: true });
  const file = team.file();
  makeWorkingCopy(file, team.shared, team.id);
  const [full, next] = [team.open(file), team.open()];
  const outside = new Sqlite(file);
  outside.exec("CREATE TRIGGER full BEFORE INSERT ON plugin_state BEGIN SELECT RAISE(ABORT, 'no space left'); END");
  outside.close();
  next.pluginState.write("p", new Map([["k", "v"]]));
  expect(() => take(full, "deploy")).toThrow(
    expect.objectContaining({ code: "STORE_BROKEN", message: expect.stringContaining("no space left") }),
  );
  take(next, "build").release();
  const ahead = team.open();
  team.sql("DELETE FROM maand.change; UPDATE maand.bucket SET revision = revision - 1");
  expect(() => take(ahead, "deploy")).toThrow(expect.objectContaining({ code: "STORE_REVERTED" }));
  expect(team.sql("SELECT nonce FROM maand.lease")).toBe("");
});

it("a lease has no holder after its release, or after the holder died on this machine", () => {
  const team = databases.bucket();
  const store = team.open();
  take(store, "build").release();
  expect(lockHolder(store.holder)).toBeUndefined();
  const gone = holder("deploy", { pid: spawnSync("true").pid, process: "another process" });
  if (store.workingCopy) takeLease(store.workingCopy, gone, () => {});
  expect(lockHolder(team.open().holder)).toBeUndefined();
  const elsewhere = team.open();
  team.sql(
    `UPDATE maand.lease SET holder = '${JSON.stringify({ ...gone, space: "another machine" })}' WHERE bucket = $ID`,
  );
  elsewhere.workingCopy?.pull();
  expect(lockHolder(elsewhere.holder)).toMatchObject({ command: "deploy" });
});

it("a lease does not depend on the clocks of the machines", () => {
  const team = databases.bucket();
  const store = team.open();
  vi.useFakeTimers({ now: Date.now() + 600_000, toFake: ["Date"] });
  try {
    const lease = take(store, "deploy");
    expect(() => take(team.open(), "build")).toThrow(expect.objectContaining({ code: "BUSY" }));
    vi.setSystemTime(Date.now() - 1_200_000);
    expect(() => take(team.open(), "build")).toThrow(expect.objectContaining({ code: "BUSY" }));
    lease.release();
  } finally {
    vi.useRealTimers();
  }
});

it("a change without a lease is possible, and is not overwritten by the holder", () => {
  const team = databases.bucket();
  const [one, other] = [team.open(), team.open()];
  const lease = take(one, "deploy");
  other.pluginState.write("p", new Map([["k", "v"]]));
  expect(one.bucket.nextUpdateSeq()).toBe(1);
  expect(one.pluginState.read("p", "k")).toBe("v");
  lease.release();
});
