import { existsSync, statSync } from "node:fs";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { STORE_VERSION } from "../../packages/core/src/store/migrations.ts";
import { Store } from "../../packages/core/src/store/store.ts";
import { backupFile, readBackup } from "../../packages/core/src/store/team/backup.ts";
import { makeWorkingCopy, moveToDatabase, moveToSqlite } from "../../packages/core/src/store/team/move.ts";
import { PART_BYTES } from "../../packages/core/src/store/team/pg/schema.ts";
import { authorityOf } from "../../packages/core/src/store/team/shared-store.ts";
import { AT, Databases, rowsIn } from "./shared.ts";

let databases: Databases;
beforeAll(async () => {
  databases = await Databases.start();
});
afterEach(() => databases.closeAll());
afterAll(() => databases.dispose());

type Step = (store: Store) => void;

/** Writes of every kind: upserts, replaced keys, deletes with cascades, bytes, and strings that are hard to store. */
const TEXTS = ["", "a", "ä\u{1f600}", "nul \u0000", 'quote " and \\', "line\nend", "\u007f\u2028"];
const text = fc.constantFrom(...TEXTS);
const small = fc.integer({ min: 0, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(text, text).map(([key, value]): Step => {
    return (store) => store.pluginState.write("p", new Map([[key, value]]));
  }),
  text.map(
    (key): Step =>
      (store) =>
        store.pluginState.write("p", new Map([[key, undefined]])),
  ),
  fc.constant<Step>((store) => void store.bucket.nextUpdateSeq()),
  fc.tuple(small, text).map(([n, key]): Step => {
    return (store) => {
      const version = (store.kv.newest(`n${n}`, key)?.version ?? 0) + 1;
      store.kv.append(`n${n}`, { key, value: key, version, createdDate: 1_700_000_000, deleted: n === 0 });
    };
  }),
  fc.tuple(small, text, fc.uint8Array({ maxLength: 40 })).map(([n, body, bytes]): Step => {
    return (store) =>
      store.transaction(() => store.contents.put(`hash${n}`, [Buffer.from(body), ...(n === 1 ? [bytes, bytes] : [])]));
  }),
  fc.constant<Step>((store) => store.contents.sweep()),
  fc.tuple(small, text).map(([n, reason]): Step => {
    return (store) => {
      const run = store.journal.beginRun(`run ${Math.random()}`, "deploy", AT);
      const rows = store.journal.intend(run, [{ allocation: `a${n}`, kind: "start", version: reason }], AT);
      if (n === 2) store.journal.withdraw(rows);
      store.journal.conclude(rows[0] ?? 0, "ok", AT);
      store.journal.finishRun(run, "ok", AT);
    };
  }),
  small.map(
    (n): Step =>
      (store) =>
        store.deliveries.begin(`h${n}`, "/opt/worker"),
  ),
  small.map(
    (n): Step =>
      (store) =>
        store.deliveries.finish(`h${n}`, { seq: n, metadata: undefined, tools: "a b" }),
  ),
  small.map(
    (n): Step =>
      (store) =>
        store.deliveries.forget(`h${n}`),
  ),
  small.map((n): Step => {
    return (store) => {
      if (n === 3 && store.maintenance.open()) return;
      store.pendingAfter.set(`job${n}`);
      if (n === 1) store.pendingAfter.clear("job0");
    };
  }),
);

describe("a store in PostgreSQL", () => {
  it("has the same rows as an SQLite store: in the database, in its copy and in a new copy", () => {
    const runs = Number(process.env.MAAND_MODEL_RUNS ?? 8);
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const team = databases.bucket();
        const file = team.file();
        const alone = Store.open(file, { create: true });
        alone.bucket.create(team.id);
        const copied = team.file();
        const first = team.open();
        const [random, values] = [Math.random, [] as number[]];
        for (const one of steps) {
          // the steps draw the same random ids for both stores
          Math.random = () => values[values.push(random()) - 1] ?? 0;
          one(alone);
          Math.random = () => values.shift() ?? 0;
          one(first);
          Math.random = random;
        }
        alone.close();
        backupFile(first, copied);
        first.close();
        const again = team.open();
        const fresh = team.file();
        backupFile(again, fresh);
        again.close();
        expect(rowsIn(copied)).toEqual(rowsIn(file));
        expect(rowsIn(fresh)).toEqual(rowsIn(file));
      }),
      { numRuns: runs, endOnFailure: true },
    );
  });

  it("needs one round trip to open, and one for each transaction that writes", () => {
    const store = databases.bucket().open();
    const copy = store.workingCopy;
    expect(copy?.authority.trips).toBe(1);
    store.transaction(() => {
      const run = store.journal.beginRun("one", "deploy", AT);
      store.journal.intend(run, [{ allocation: "a", kind: "start" }], AT);
    });
    expect(copy?.authority.trips).toBe(2);
    store.transaction(() => store.bucket.read());
    expect(copy?.authority.trips).toBe(2);
  });

  it("runs a transaction again if another copy has changed the bucket, and keeps both changes", () => {
    const team = databases.bucket();
    const [one, other] = [team.open(), team.open()];
    expect(one.bucket.nextUpdateSeq()).toBe(1);
    let calls = 0;
    other.transaction(() => {
      calls += 1;
      other.bucket.nextUpdateSeq();
    });
    expect(calls).toBe(2);
    expect(other.bucket.read()?.updateSeq).toBe(2);
    expect(one.bucket.nextUpdateSeq()).toBe(3);
  });

  it("stores no change of a transaction that throws", () => {
    const team = databases.bucket();
    const store = team.open();
    const work = () =>
      store.transaction(() => {
        store.bucket.nextUpdateSeq();
        throw new Error("stop");
      });
    expect(work).toThrow("stop");
    expect(store.bucket.read()?.updateSeq).toBe(0);
    expect(team.open().bucket.read()?.updateSeq).toBe(0);
  });

  it("applies a repeated change only once", () => {
    const team = databases.bucket();
    const call = `SELECT maand.apply($ID, 1, 'change', NULL, NULL, NULL, false, 0, '{t}', '{"[1]"}', '{"{}"}', '{NULL}')`;
    expect(team.sql(call)).toContain('"outcome" : "stored", "revision" : 2');
    expect(team.sql(call)).toContain('"outcome" : "stored", "revision" : 2');
    expect(team.sql(call.replace("'change'", "'another'"))).toContain("outdated");
  });

  it("sends and receives large data in several parts", () => {
    const team = databases.bucket();
    const store = team.open();
    const pieces = Array.from({ length: 5 }, (_, at) => Buffer.alloc(PART_BYTES / 2, at));
    store.transaction(() => store.contents.put("large", pieces));
    expect(team.sql("SELECT count(*) FROM maand.upload WHERE bucket = $ID")).toBe("0");
    const other = team.open();
    expect(Buffer.compare(Buffer.from(other.contents.read("large")), Buffer.concat(pieces))).toBe(0);
  });

  it("replaces a copy that is too old for an update, because the database no longer keeps its deleted rows", () => {
    const team = databases.bucket();
    const first = team.open();
    first.pluginState.write("p", new Map([["gone", "1"]]));
    const behind = team.open();
    const place = behind.workingCopy?.replica();
    first.pluginState.write("p", new Map([["gone", undefined]]));
    team.sql(
      "DELETE FROM maand.record WHERE bucket = $ID AND row IS NULL; UPDATE maand.bucket SET pruned = revision WHERE id = $ID",
    );
    expect(place?.revision).toBe(2);
    behind.workingCopy?.pull();
    expect(behind.pluginState.read("p", "gone")).toBeUndefined();
  });

  it("deletes the records of old deleted rows automatically", () => {
    const team = databases.bucket();
    const store = team.open();
    store.pluginState.write("p", new Map([["gone", "1"]]));
    store.pluginState.write("p", new Map([["gone", undefined]]));
    team.sql(
      "UPDATE maand.bucket SET revision = 5499 WHERE id = $ID; INSERT INTO maand.change VALUES ($ID, 5499, 'x')",
    );
    const other = team.open();
    other.pluginState.write("p", new Map([["new", "1"]]));
    expect(team.sql("SELECT revision, pruned FROM maand.bucket WHERE id = $ID")).toBe("5500|500");
    expect(team.sql("SELECT count(*) FROM maand.record WHERE bucket = $ID AND row IS NULL")).toBe("0");
    expect(team.sql("SELECT count(*) FROM maand.change WHERE bucket = $ID")).toBe("2");
  });

  it("is refused if it has lost changes that the copy contains", () => {
    const team = databases.bucket();
    const store = team.open();
    store.bucket.nextUpdateSeq();
    team.sql(
      "DELETE FROM maand.change WHERE bucket = $ID AND revision = 2; UPDATE maand.bucket SET revision = 1 WHERE id = $ID",
    );
    expect(() => store.workingCopy?.pull()).toThrow(/has lost changes: it is at revision 1, .*has seen revision 2/);
    expect(() => store.bucket.nextUpdateSeq()).toThrow(expect.objectContaining({ code: "STORE_REVERTED" }));
    team.sql(
      "UPDATE maand.bucket SET revision = 2 WHERE id = $ID; INSERT INTO maand.change VALUES ($ID, 2, 'another history')",
    );
    expect(() => store.workingCopy?.pull()).toThrow(expect.objectContaining({ code: "STORE_REVERTED" }));
  });

  it("lets several processes update the copy that they share", () => {
    const team = databases.bucket();
    const file = team.file();
    makeWorkingCopy(file, team.shared, team.id);
    const [one, same, other] = [team.open(file), team.open(file), team.open()];
    other.bucket.nextUpdateSeq();
    const copy = one.workingCopy;
    if (!copy) throw new Error("it is an SQLite store");
    const pull = copy.authority.pull.bind(copy.authority);
    vi.spyOn(copy.authority, "pull").mockImplementation((...given) => {
      const pulled = pull(...given);
      same.workingCopy?.pull();
      return pulled;
    });
    copy.pull();
    expect(one.bucket.read()?.updateSeq).toBe(1);
    expect(copy.replica().revision).toBe(2);
  });

  it("is upgraded by the first newer maand, and is then refused by an older maand", () => {
    const team = databases.bucket((store) => store.pluginState.write("p", new Map([["k", "v"]])), { alone: true });
    team.sql(`UPDATE maand.bucket SET store_version = ${STORE_VERSION - 1}`);
    const store = team.open();
    expect(store.pluginState.read("p", "k")).toBe("v");
    expect(team.sql("SELECT store_version, revision FROM maand.bucket")).toBe(`${STORE_VERSION}|2`);
    team.sql(`UPDATE maand.bucket SET store_version = ${STORE_VERSION + 1}`);
    expect(() => team.open()).toThrow(expect.objectContaining({ code: "STORE_NEWER" }));
    team.sql(`UPDATE maand.bucket SET store_version = ${STORE_VERSION}; UPDATE maand.layout SET minimum_client = 99`);
    expect(() => team.open()).toThrow(expect.objectContaining({ code: "STORE_NEWER" }));
  });

  it("is refused if its bucket, schema, database, password or TLS is missing", () => {
    const team = databases.bucket(undefined, { alone: true });
    const code = (shared: object) => () => authorityOf({ ...team.shared, ...shared }, team.id).pull(0);
    expect(() => authorityOf(team.shared, "another").pull(0)).toThrow(
      expect.objectContaining({ code: "STORE_LACKS_BUCKET" }),
    );
    expect(code({ url: databases.postgres.database().replace(":secret@", "@") })).toThrow(/no complete schema maand/);
    expect(code({ url: team.shared.url.replace(/bucket\d+$/, "none") })).toThrow(/there is no such database/);
    expect(code({ password: "wrong" })).toThrow(expect.objectContaining({ code: "STORE_REFUSED" }));
    const unreachable = team.shared.url.replace(/:\d+\//, ":1/");
    expect(code({ url: unreachable, timeoutMs: 300 })).toThrow(expect.objectContaining({ code: "STORE_UNREACHABLE" }));
    expect(code({ url: `${team.shared.url}?sslmode=require` })).toThrow(/does not offer TLS/);
  });

  it("refuses writes while the database is read-only, and reports the reason", () => {
    const team = databases.bucket(undefined, { alone: true });
    const name = new URL(team.url).pathname.slice(1);
    team.sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const store = team.open();
    expect(() => store.bucket.nextUpdateSeq()).toThrow(/is read-only/);
    expect(store.bucket.read()?.updateSeq).toBe(0);
  });
});

describe("moving a store", () => {
  it("keeps the old store, and maand refuses to use it and names the new store", () => {
    const team = databases.bucket((store) => store.pluginState.write("p", new Map([["k", "v"]])));
    const file = team.file();
    const store = Store.open(file, { create: true });
    store.bucket.create("another");
    store.holder.write({ pid: 1, command: "store move", since: AT });
    store.close();
    const moved = moveToDatabase(file, team.shared);
    expect(moved).toMatchObject({ bucket: "another", rows: 1, kept: `${file}.moved` });
    expect(team.sql("SELECT row->>'holder' FROM maand.record WHERE bucket = 'another'")).toBe("");
    expect(statSync(`${file}.moved`).mode & 0o777).toBe(0o600);
    for (const one of [file, `${file}.moved`])
      expect(() => Store.open(one)).toThrow(new RegExp(`the store of this bucket is in ${team.shared.url}`));
    expect(() => Store.open(team.file(), { create: true, shared: team.shared })).toThrow(/is an independent store/);
  });

  it("can be run again after an interruption, and refuses an existing bucket with other rows", () => {
    const team = databases.bucket();
    const same = team.file();
    const store = Store.open(same, { create: true });
    store.bucket.create(team.id);
    store.close();
    expect(moveToDatabase(same, team.shared).rows).toBe(1); // as if the mark in the file were missing
    expect(team.sql("SELECT revision FROM maand.bucket WHERE id = $ID")).toBe("1");
    const other = team.file();
    const different = Store.open(other, { create: true });
    different.bucket.create(team.id, 7);
    different.close();
    expect(() => moveToDatabase(other, team.shared)).toThrow(/already has bucket .*, with other rows/);
    expect(existsSync(`${other}.moved`)).toBe(false);
    Store.open(other).close();
  });

  it("works in both directions, and a store that was moved away is refused", () => {
    const team = databases.bucket();
    const elsewhere = team.open();
    elsewhere.bucket.nextUpdateSeq();
    const file = team.file();
    makeWorkingCopy(file, team.shared, team.id);
    team.open(file).close();
    moveToSqlite(file, team.shared, "here");
    expect(() => elsewhere.workingCopy?.pull()).toThrow(/was moved away from .*, to here/);
    expect(() => elsewhere.bucket.nextUpdateSeq()).toThrow(expect.objectContaining({ code: "STORE_MOVED" }));
    const alone = Store.open(file);
    expect(alone.bucket.nextUpdateSeq()).toBe(2);
    alone.close();
    moveToDatabase(file, team.shared);
    elsewhere.workingCopy?.pull();
    expect(elsewhere.bucket.read()?.updateSeq).toBe(2);
  });
});

describe("a backup", () => {
  it("is an SQLite store, from which all rows of the bucket can be restored", () => {
    const team = databases.bucket((store) => store.pluginState.write("p", new Map([["k", "v"]])));
    const store = team.open();
    const file = team.file();
    expect(backupFile(store, file)).toBe(2);
    store.pluginState.write(
      "p",
      new Map([
        ["k", undefined],
        ["new", "1"],
      ]),
    );
    store.replaceRows(readBackup(file).rows);
    expect(store.pluginState.read("p", "k")).toBe("v");
    const other = team.open();
    expect(other.pluginState.read("p", "new")).toBeUndefined();
    expect(other.pluginState.read("p", "k")).toBe("v");
    const alone = Store.open(file);
    expect(alone.pluginState.read("p", "k")).toBe("v");
    alone.close();
  });
});
