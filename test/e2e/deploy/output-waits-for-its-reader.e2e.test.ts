import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { MAAND } from "../../support/bucket/maand.ts";
import { storeEnvironment } from "../../support/postgres/test-store.ts";

/** More lines than the pipes and maand can buffer: 7 MB, of which maand buffers about 1 MB. */
const LINES = 1_000_000;
/** The number of checks without progress after which a writer counts as blocked. */
const QUIET_LOOKS = 10;

let bucket: LocalBucket;

beforeAll(async () => {
  bucket = await localBucket(2);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: "start restart:\n\t@true\n" });
  await bucket.maand("deploy", "--build");
});

afterAll(() => bucket.dispose());

/** Starts maand with a script for one worker, and does not read its output. */
function start(name: string) {
  const [host = ""] = bucket.hosts;
  const place = join(bucket.root, name);
  const script = `seq 1 ${LINES} & echo $! >${place}.writer; wait; : >${place}.over`;
  const maand = spawn(process.execPath, [MAAND, "run_command", script, "--workers", host], {
    cwd: bucket.root,
    env: { PATH: process.env.PATH ?? "", HOME: bucket.root, LANG: "C.UTF-8", ...storeEnvironment() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return { maand, isOver: () => existsSync(`${place}.over`), ended: once(maand, "exit") };
}

/** Waits until the writer on the worker is blocked. */
async function blocked(name: string): Promise<void> {
  const written = () => {
    const pid = readFileSync(join(bucket.root, `${name}.writer`), "utf8").trim();
    return /wchar: ([1-9]\d*)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1];
  };
  let [before, quiet]: [string | undefined, number] = [undefined, 0];
  const look = () => {
    const now = written();
    quiet = now !== undefined && now === before ? quiet + 1 : 0;
    before = now;
    expect(quiet).toBeGreaterThanOrEqual(QUIET_LOOKS);
  };
  await vi.waitFor(look, { timeout: 60_000, interval: 50 });
}

it("a command on a worker waits while nothing reads its output, and loses no line", async () => {
  const { maand, isOver, ended } = start("slow");
  await blocked("slow");
  expect(isOver()).toBe(false);
  let [lines, inOrder] = [0, true];
  if (!maand.stderr) throw new Error("it has no output");
  for await (const line of createInterface({ input: maand.stderr })) {
    const [, number] = /\| (\d+)$/.exec(line) ?? [];
    if (number === undefined) continue;
    lines += 1;
    inOrder &&= Number(number) === lines;
  }
  expect([lines, inOrder, isOver(), await ended]).toEqual([LINES, true, true, [0, null]]);
});

it("a command on a worker continues after the reader of its output, such as head, has exited", async () => {
  const { maand, isOver, ended } = start("head");
  await blocked("head");
  maand.stderr?.destroy();
  expect([await ended, isOver()]).toEqual([[0, null], true]);
});

it("Ctrl-C ends a command that waits for the reader of its output", async () => {
  const { maand, isOver, ended } = start("interrupted");
  await blocked("interrupted");
  maand.kill("SIGINT");
  maand.stderr?.resume();
  expect([await ended, isOver()]).toEqual([[130, null], false]);
});
