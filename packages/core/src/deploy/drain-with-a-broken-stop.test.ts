import { afterEach, beforeEach, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/** A drain of a job whose `stop` is missing or wrong: the fix reaches the drained worker, and the others continue. */

const [A, B] = ["10.0.0.1", "10.0.0.2"];
const FIXED = { Makefile: "start stop restart:\n\tfixed\n" };

let bucket: TestBucket;

beforeEach(async () => {
  bucket = aBucket();
  bucket.workers(A, B);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  await bucket.ship();
  bucket.fleet.onDo = (what) => {
    if (!what.startsWith("stop api") || bucket.fleet.at("api", A)?.files.Makefile?.includes("fixed")) return;
    throw new MaandError({ code: "COMMAND_FAILED", message: "there is no target stop", exit: 2 });
  };
  bucket.disable({ jobs: { api: { allocations: [A] } } });
  bucket.fleet.done.splice(0);
});

afterEach(() => bucket.dispose());

it("fails and names the worker, and upgrades the other workers", async () => {
  bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("failed");
  expect(allocations.find(({ host }) => host === A)).toMatchObject({
    outcome: "failed",
    message: "there is no target stop",
  });
  expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: "1.0.0", [`api@${B}`]: "1.1.0" });
});

it("stops in the deploy that contains the fix", async () => {
  expect(await bucket.ship()).toMatchObject({ outcome: "failed" });
  bucket.job("api", { version: "1.0.1", selectors: ["worker"] }, FIXED);
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("ok");
  expect(allocations.find(({ host }) => host === A)).toMatchObject({ action: "stop+promote", outcome: "ok" });
  expect(bucket.fleet.running()).toEqual({ [`api@${B}`]: "1.0.1" });
  expect((await bucket.plan()).required).toBe(false);
});

it("on a removed worker does not keep the other workers from being upgraded", async () => {
  bucket.disable({});
  bucket.workers(B);
  bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("failed");
  expect(allocations).toMatchObject([
    { host: A, outcome: "failed", action: "remove" },
    { host: B, outcome: "ok", action: "restart" },
  ]);
  expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: "1.0.0", [`api@${B}`]: "1.1.0" });
});

it("keeps a job that moves to another worker from being started there", async () => {
  bucket.disable({});
  bucket.workers(B, "10.0.0.3");
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("failed");
  expect(allocations).toContainEqual(
    expect.objectContaining({ host: "10.0.0.3", outcome: "blocked", action: "start" }),
  );
  expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: "1.0.0", [`api@${B}`]: "1.0.0" });
});

it("syncs no files to a disabled allocation whose stop works", async () => {
  bucket.fleet.onDo = () => undefined;
  bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  expect(bucket.fleet.at("api", A)?.files["manifest.json"]).toContain("1.0.0");
  expect(bucket.fleet.at("api", B)?.files["manifest.json"]).toContain("1.1.0");
});
