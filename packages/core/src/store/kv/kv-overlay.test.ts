import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Store } from "../store.ts";
import { Kv } from "./kv.ts";
import { KvKey, makeKvKey } from "./kv-key.ts";
import { KvOverlay } from "./kv-overlay.ts";

const VARS = "vars/job/api";
const SECRETS = "secrets/job/api";

let directory: string;
let store: Store;
let kv: Kv;
let secrets: string[];
const now = () => new Date(1_700_000_000_000);
const overlay = (base = kv as Kv | KvOverlay) => new KvOverlay(base, { now, onSecret: (value) => secrets.push(value) });
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-overlay-"));
  makeKvKey(join(directory, "kv.key"), false);
  store = Store.open(":memory:", { create: true });
  secrets = [];
  kv = new Kv({ rows: store.kv, key: new KvKey(join(directory, "kv.key")), now });
  kv.put(VARS, "color", "red");
  kv.put(VARS, "size", "10");
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

describe("an overlay on the KV store", () => {
  it("shows its own writes over the stored entries, which stay unchanged", () => {
    const mine = overlay();
    mine.put(VARS, "color", "blue");
    mine.put(VARS, "new", "1");
    expect(mine.remove(VARS, "size")).toBe(true);
    expect([mine.find(VARS, "color"), mine.find(VARS, "size"), mine.keys(VARS)]).toEqual([
      "blue",
      undefined,
      ["color", "new"],
    ]);
    expect([kv.find(VARS, "color"), kv.keys(VARS)]).toEqual(["red", ["color", "size"]]);
    expect(mine.entries(VARS).get("size")).toMatchObject({ deleted: true, version: 2 });
    expect(mine.entries(VARS).get("color")?.value()).toBe("blue");
  });

  it("reports a deletion only for an entry that exists", () => {
    const mine = overlay();
    expect([mine.remove(VARS, "none"), mine.remove(VARS, "size"), mine.remove(VARS, "size")]).toEqual([
      false,
      true,
      false,
    ]);
    mine.put(VARS, "size", "11");
    expect(mine.find(VARS, "size")).toBe("11");
  });

  it("shows entries that were stored after it was created", () => {
    const mine = overlay();
    mine.put(VARS, "mine", "1");
    kv.put(VARS, "theirs", "2");
    expect([mine.find(VARS, "theirs"), mine.keys(VARS)]).toEqual(["2", ["color", "mine", "size", "theirs"]]);
  });

  it("is empty after a commit has stored its writes", () => {
    const mine = overlay();
    mine.put(VARS, "color", "blue");
    mine.remove(VARS, "size");
    mine.put(SECRETS, "pw", "s3cret");
    store.transaction(() => mine.commit());
    expect([kv.find(VARS, "color"), kv.find(VARS, "size"), kv.find(SECRETS, "pw")]).toEqual([
      "blue",
      undefined,
      "s3cret",
    ]);
    kv.put(VARS, "color", "green");
    store.transaction(() => mine.commit());
    expect(kv.find(VARS, "color")).toBe("green");
  });

  it("commits its writes to the layer below, which may be another overlay", () => {
    const run = overlay();
    const hook = overlay(run);
    hook.put(VARS, "color", "blue");
    expect(run.find(VARS, "color")).toBe("red");
    hook.commit();
    expect([run.find(VARS, "color"), kv.find(VARS, "color")]).toEqual(["blue", "red"]);
  });

  it("reports a secret for masking before the secret is stored", () => {
    overlay().put(SECRETS, "pw", "s3cret");
    expect(secrets).toEqual(["s3cret"]);
  });

  it("lists holders and namespaces from its own writes and from the store", () => {
    const mine = overlay();
    mine.put("vars/job/web", "color", "black");
    mine.remove(VARS, "color");
    expect(mine.holders("color")).toEqual(["vars/job/web"]);
    expect(mine.namespaces("vars/job/")).toEqual([VARS, "vars/job/web"]);
  });

  it("replaces or purges a namespace without a change of the store", () => {
    const mine = overlay();
    mine.sync(VARS, new Map([["color", "blue"]]), () => true);
    expect([mine.keys(VARS), kv.keys(VARS)]).toEqual([["color"], ["color", "size"]]);
    mine.purge(VARS);
    expect(mine.keys(VARS)).toEqual([]);
  });
});
