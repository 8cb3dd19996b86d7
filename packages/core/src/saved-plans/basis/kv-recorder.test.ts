import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Kv } from "../../store/kv/kv.ts";
import { KvKey, makeKvKey } from "../../store/kv/kv-key.ts";
import { KvOverlay } from "../../store/kv/kv-overlay.ts";
import { Store } from "../../store/store.ts";
import { readAgain } from "./basis.ts";
import { KvRecorder } from "./kv-recorder.ts";

const VARS = "vars/job/api";
const now = () => new Date(0);

function aStore() {
  const directory = mkdtempSync(join(tmpdir(), "maand-recorder-"));
  const store = Store.open(":memory:", { create: true });
  onTestFinished(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  makeKvKey(join(directory, "kv.key"), false);
  const kv = new Kv({ rows: store.kv, key: new KvKey(join(directory, "kv.key")), now });
  kv.put(VARS, "color", "red");
  return { store, kv };
}

it("records reads of the store (values, missing values and lists of keys), and nothing after it was stopped", () => {
  const recorder = new KvRecorder(aStore().kv);
  expect([recorder.find(VARS, "color"), recorder.find(VARS, "none"), recorder.keys(VARS)]).toEqual([
    "red",
    undefined,
    ["color"],
  ]);
  recorder.stop();
  recorder.find("vars/job/web", "color");
  recorder.keys("vars/job/web");
  expect([...recorder.used.values]).toEqual([
    [
      VARS,
      new Map([
        ["color", "red"],
        ["none", undefined],
      ]),
    ],
  ]);
  expect([...recorder.used.keys]).toEqual([[VARS, ["color"]]]);
});

it("does not record reads of later writes, such as those of pre_deploy", () => {
  const recorder = new KvRecorder(aStore().kv);
  const hook = new KvOverlay(recorder, { now });
  hook.put(VARS, "color", "blue");
  expect(hook.find(VARS, "color")).toBe("blue");
  expect(recorder.used.values.size).toBe(0);
});

it("keeps the value that was read first, and reads the same key later to compare", () => {
  const { kv } = aStore();
  const recorder = new KvRecorder(kv);
  recorder.find(VARS, "color");
  recorder.keys(VARS);
  kv.put(VARS, "color", "blue");
  kv.put(VARS, "shape", "round");
  recorder.find(VARS, "color");
  expect(recorder.used.values.get(VARS)?.get("color")).toBe("red");
  const again = readAgain(kv, { kv: { [VARS]: { color: "" } }, kv_keys: { [VARS]: "" } });
  expect([again.values.get(VARS)?.get("color"), again.keys.get(VARS)]).toEqual(["blue", ["color", "shape"]]);
});
