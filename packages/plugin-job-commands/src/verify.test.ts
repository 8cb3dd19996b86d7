import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definePlugin } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jobCommands } from "./job-commands.ts";

/** A job whose health only a command can check: the command succeeds if a file shows that the job is up. */

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

let bucket: TestBucket;
let place: string;

const upOn = (host: string) => join(place, host);

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), "maand-up-"));
  const machines = definePlugin({
    name: "machines",
    apply: ({ rollout }) => rollout.tap("machines", ({ worker }) => void writeFileSync(upOn(worker.host), "")),
  });
  bucket = aBucket({ plugins: [machines, jobCommands()] });
  bucket.workers(...HOSTS);
  write("1.0.0");
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
});

afterEach(() => {
  bucket.dispose();
  rmSync(place, { recursive: true });
});

function write(version: string, more: Readonly<Record<string, unknown>> = {}): void {
  const commands = { command_ask: { executed_on: ["health_check"] } };
  const health_check = { wait: { attempts: 1, interval_seconds: 0.05 } };
  const script = `import os, sys\nsys.exit(not os.path.exists(${JSON.stringify(place)} + "/" + os.environ["ALLOCATION_IP"]))\n`;
  bucket.job(
    "api",
    { version, selectors: ["worker"], commands, health_check, ...more },
    { "_modules/command_ask.py": script },
  );
}

/** Simulates a power cut, after which nothing runs. */
function downEverywhere(): void {
  rmSync(place, { recursive: true });
  mkdirSync(place);
}

describe("health commands", () => {
  it("check only started allocations, so one deploy --force starts a job that is down on all workers", async () => {
    downEverywhere();
    expect(await bucket.deploy({ force: true })).toMatchObject({ outcome: "ok" });
    expect(HOSTS.map((host) => existsSync(upOn(host)))).toEqual([true, true, true]);
  });

  it("check only the allocations with the new release in a step of a staged rollout", async () => {
    rmSync(upOn("10.0.0.3"));
    write("2.0.0", { rollout: { steps: ["1", "pause", "2", "pause", "100%"], soak_seconds: 0.2 } });
    expect(await bucket.ship()).toMatchObject({ outcome: "paused" });
    rmSync(upOn("10.0.0.1"));
    expect(await bucket.deploy({ force: true })).toMatchObject({ outcome: "paused" });
    expect(existsSync(upOn("10.0.0.1"))).toBe(true);
  });
});
