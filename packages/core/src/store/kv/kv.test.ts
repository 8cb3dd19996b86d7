import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreDatabase } from "../database.ts";
import { Store } from "../store.ts";
import { Kv } from "./kv.ts";
import { KvKey, makeKvKey } from "./kv-key.ts";
import { KvRows } from "./kv-rows.ts";

const VARS = "vars/job/api";
const SECRETS = "secrets/job/api";

let directory: string;
let store: Store;
let now: number;
let kv: Kv;
let secrets: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-kv-"));
  makeKvKey(join(directory, "kv.key"), false);
  store = Store.open(":memory:", { create: true });
  now = 1_700_000_000;
  secrets = [];
  kv = new Kv({
    rows: store.kv,
    key: new KvKey(join(directory, "kv.key")),
    now: () => new Date(now * 1000 + 999),
    onSecret: (value) => secrets.push(value),
  });
});

afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const versionOf = (namespace: string, key: string) => store.kv.newest(namespace, key)?.version;

describe("putting a value", () => {
  it("increments the version and records the time", () => {
    kv.put(VARS, "color", "red");
    expect(store.kv.newest(VARS, "color")).toEqual({
      key: "color",
      value: "red",
      version: 1,
      createdDate: 1_700_000_000,
      deleted: false,
    });
    now += 60;
    kv.put(VARS, "color", "blue");
    expect(store.kv.newest(VARS, "color")).toMatchObject({ version: 2, createdDate: 1_700_000_060 });
    expect(kv.find(VARS, "color")).toBe("blue");
  });

  it("changes nothing if the value is equal", () => {
    kv.put(VARS, "color", "red");
    const before = store.kv.changes;
    kv.put(VARS, "color", "red");
    expect([versionOf(VARS, "color"), store.kv.changes]).toEqual([1, before]);
  });

  it("preserves spaces and newlines", () => {
    const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    kv.put("maand/worker", "certs/ca.crt", pem);
    kv.put(VARS, "indent", "  ");
    expect([kv.find("maand/worker", "certs/ca.crt"), kv.find(VARS, "indent")]).toEqual([pem, "  "]);
  });

  it("keeps the seven newest versions of a key, however old they are", () => {
    const db = StoreDatabase.open(":memory:", { create: true });
    const rows = new KvRows(db);
    for (let version = 1; version <= 20; version++)
      rows.append(VARS, { key: "color", value: `c${version}`, version, createdDate: version, deleted: false });
    const kept = db.all("SELECT version FROM kv ORDER BY version").map((row) => row.version);
    expect(kept).toEqual([14, 15, 16, 17, 18, 19, 20]);
    expect(rows.newest(VARS, "color")).toMatchObject({ version: 20, value: "c20" });
    db.close();
  });
});

describe("deleting a key", () => {
  it("adds a deleted version with the old value, and a later put adds the next version", () => {
    kv.put(VARS, "color", "red");
    expect(kv.remove(VARS, "color")).toBe(true);
    expect(store.kv.newest(VARS, "color")).toMatchObject({ version: 2, deleted: true, value: "red" });
    expect([kv.find(VARS, "color"), kv.keys(VARS)]).toEqual([undefined, []]);
    kv.put(VARS, "color", "red");
    expect(versionOf(VARS, "color")).toBe(3);
    expect(kv.find(VARS, "color")).toBe("red");
  });

  it("changes nothing if the key does not exist", () => {
    expect(kv.remove(VARS, "color")).toBe(false);
    kv.put(VARS, "color", "red");
    kv.remove(VARS, "color");
    expect(kv.remove(VARS, "color")).toBe(false);
    expect(versionOf(VARS, "color")).toBe(2);
  });
});

describe("syncing entries", () => {
  it("writes all given entries, deletes other keys if drops selects them, and keeps the rest", () => {
    for (const key of ["gone", "same", "certs/a.crt"]) kv.put("maand/worker", key, "1");
    const entries = new Map([
      ["same", "1"],
      ["fresh", "2"],
    ]);
    kv.sync("maand/worker", entries, (key) => !key.startsWith("certs/"));
    expect(kv.keys("maand/worker")).toEqual(["certs/a.crt", "fresh", "same"]);
    expect(versionOf("maand/worker", "same")).toBe(1);
  });

  it("gives the same result for all namespaces with a prefix as separate calls for each namespace", () => {
    for (const namespace of ["maand/worker/a", "maand/worker/b", "maand/workers"]) kv.put(namespace, "gone", "1");
    kv.put("maand/worker/b", "same", "1");
    const all = new Map(["a", "b", "c"].map((name) => [`maand/worker/${name}`, new Map([["same", "1"]])] as const));
    kv.syncBelow(
      "maand/worker/",
      new Map(
        [...all].map(([namespace, entries]) => [namespace, { entries, drops: () => namespace !== "maand/worker/a" }]),
      ),
    );
    expect([...all.keys()].map((namespace) => kv.keys(namespace))).toEqual([["gone", "same"], ["same"], ["same"]]);
    expect(versionOf("maand/worker/b", "same")).toBe(1);
    expect(kv.keys("maand/workers")).toEqual(["gone"]);
  });

  it("changes nothing if its transaction is rolled back", () => {
    kv.put(VARS, "color", "red");
    const failing = () =>
      store.transaction(() => {
        kv.put(VARS, "color", "blue");
        expect(kv.find(VARS, "color")).toBe("blue");
        throw new Error("it was undone");
      });
    expect(failing).toThrow("it was undone");
    expect(kv.find(VARS, "color")).toBe("red");
  });
});

describe("a secret in the KV store", () => {
  it("is stored encrypted, and is reported for masking", () => {
    kv.put(SECRETS, "password", "s3cret ");
    expect(store.kv.newest(SECRETS, "password")?.value).toMatch(/^enc:v1:/);
    secrets = [];
    expect(kv.find(SECRETS, "password")).toBe("s3cret ");
    expect(secrets).toEqual(["s3cret "]);
  });

  it("gets no new version if the same value is put again", () => {
    kv.put(SECRETS, "password", "s3cret");
    kv.put(SECRETS, "password", "s3cret");
    expect(versionOf(SECRETS, "password")).toBe(1);
  });

  it("may be a private key of an allocation", () => {
    const place = "maand/job/api/worker/10.0.0.1";
    kv.put(place, "certs/own.key", "PRIVATE");
    kv.put(place, "certs/own.crt", "PUBLIC");
    expect(store.kv.newest(place, "certs/own.key")?.value).not.toContain("PRIVATE");
    expect(store.kv.newest(place, "certs/own.crt")?.value).toBe("PUBLIC");
  });

  it("is found without the encryption key", () => {
    expect(store.kv.hasSecrets()).toBe(false);
    kv.put(VARS, "password", "no secret");
    kv.put("maand/job/api/worker/10.0.0.1", "certs/own.crt", "PUBLIC");
    expect(store.kv.hasSecrets()).toBe(false);
    kv.put("maand/job/api/worker/10.0.0.1", "certs/own.key", "PRIVATE");
    expect(store.kv.hasSecrets()).toBe(true);
  });
});

it("the keys of a namespace are sorted", () => {
  for (const key of ["b", "a", "C", "a1"]) kv.put(VARS, key, "x");
  expect(kv.keys(VARS)).toEqual(["C", "a", "a1", "b"]);
});

it("a changed list updates the entries derived from it", () => {
  kv.put("maand/job/api", "workers", "10.0.0.1,10.0.0.2");
  expect(kv.keys("maand/job/api")).toEqual(["worker_0", "worker_1", "workers"]);
  kv.put("maand/job/api", "workers", "10.0.0.2");
  expect(kv.find("maand/job/api", "worker_0")).toBe("10.0.0.2");
  expect(kv.find("maand/job/api", "worker_1")).toBeUndefined();
  kv.remove("maand/job/api", "workers");
  expect(kv.keys("maand/job/api")).toEqual([]);
});
