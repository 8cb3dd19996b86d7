import { afterEach, beforeEach, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/**
 * If the `stop` of a disabled allocation fails, a fixed Makefile still reaches its worker, and other workers are
 * deployed.
 */

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

it("a failed stop is reported for its worker, and the other workers are upgraded", async () => {
  bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("failed");
  expect(allocations.find(({ host }) => host === A)).toMatchObject({
    outcome: "failed",
    message: "there is no target stop",
  });
  expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: "1.0.0", [`api@${B}`]: "1.1.0" });
});

it("the deploy that contains a fixed Makefile stops the allocation", async () => {
  expect(await bucket.ship()).toMatchObject({ outcome: "failed" });
  bucket.job("api", { version: "1.0.1", selectors: ["worker"] }, FIXED);
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("ok");
  expect(allocations.find(({ host }) => host === A)).toMatchObject({ action: "stop+promote", outcome: "ok" });
  expect(bucket.fleet.running()).toEqual({ [`api@${B}`]: "1.0.1" });
  expect((await bucket.plan()).required).toBe(false);
});

it("a failed stop on a removed worker does not prevent the upgrade of other workers", async () => {
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

it("a job that moves to another worker is not started there if its stop fails", async () => {
  bucket.disable({});
  bucket.workers(B, "10.0.0.3");
  const { outcome, allocations } = await bucket.ship();
  expect(outcome).toBe("failed");
  expect(allocations).toContainEqual(
    expect.objectContaining({ host: "10.0.0.3", outcome: "blocked", action: "start" }),
  );
  expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: "1.0.0", [`api@${B}`]: "1.0.0" });
});

it("a disabled allocation whose stop succeeds gets no files", async () => {
  bucket.fleet.onDo = () => undefined;
  bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  expect(bucket.fleet.at("api", A)?.files["manifest.json"]).toContain("1.0.0");
  expect(bucket.fleet.at("api", B)?.files["manifest.json"]).toContain("1.1.0");
});
