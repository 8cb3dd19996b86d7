import { KvOverlay } from "@maand/core/internal";
import { aBucket } from "@maand/core/testing";
import { expect, it, onTestFinished } from "vitest";
import { readAgain } from "./basis.ts";
import { KvRecorder } from "./kv-recorder.ts";

const VARS = "vars/job/api";
const now = () => new Date(0);

async function aStore() {
  const bucket = aBucket();
  const { kv, close } = await bucket.open();
  onTestFinished(async () => {
    await close();
    bucket.dispose();
  });
  kv.put(VARS, "color", "red");
  return kv;
}

it("records reads of the store (values, missing values and lists of keys) until it is stopped", async () => {
  const recorder = new KvRecorder(await aStore());
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

it("does not record reads of later writes, such as those of pre_deploy", async () => {
  const recorder = new KvRecorder(await aStore());
  const hook = new KvOverlay(recorder, { now });
  hook.put(VARS, "color", "blue");
  expect(hook.find(VARS, "color")).toBe("blue");
  expect(recorder.used.values.size).toBe(0);
});

it("keeps the value that was read first, and later reads the same key again for a comparison", async () => {
  const kv = await aStore();
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
