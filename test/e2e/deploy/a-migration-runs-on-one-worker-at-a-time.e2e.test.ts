import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ended } from "../../support/bucket/maand.ts";
import { linesOf, type Scratch, scratch } from "../../support/bucket/scratch.ts";

/** Four allocations start at the same time. A semaphore limits how many of them run a command at the same time. */
const HOSTS = ["127.0.0.81", "127.0.0.82", "127.0.0.83", "127.0.0.84"];

/** Acquires a semaphore with two slots, holds it until the others wait, and records when it acquires and releases it. */
const MIGRATE = {
  py: `import os, time
from maand import job_name, semaphore

def note(word):
    with open(f"{os.environ['TURNS']}/{job_name()}", "a") as turns:
        turns.write(f"{word}\\n")

with semaphore("migrate", 2):
    note("in")
    time.sleep(0.3)
    note("out")
`,
  ts: `import { appendFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { jobName, semaphore } from "./maand.ts";

const note = (word: string) => appendFileSync(process.env.TURNS + "/" + jobName(), word + "\\n");

await semaphore("migrate", async () => {
  note("in");
  await setTimeout(300);
  note("out");
}, 2);
`,
};

/** Acquires the only slot and never releases it. */
const VANISH = {
  py: `import os
from maand import acquire_semaphore
acquire_semaphore("only-slot")
os._exit(0)
`,
  ts: `import { acquireSemaphore } from "./maand.ts";
await acquireSemaphore("only-slot");
process.exit(0);
`,
};

let bucket: Scratch;
let turns: string;
let ended: Ended;

beforeAll(async () => {
  bucket = await scratch();
  turns = mkdtempSync(join(tmpdir(), "maand-turns-"));
  bucket.workers(...HOSTS.map((host) => ({ host, transport: "local" })));
  for (const language of ["py", "ts"] as const) {
    const commands = {
      command_migrate: { executed_on: ["after_allocation_started"] },
      command_vanish: { executed_on: ["after_allocation_started"] },
    };
    bucket.job(
      `in_${language}`,
      { version: "1.0.0", selectors: ["worker"], commands },
      {
        [`_modules/command_migrate.${language}`]: MIGRATE[language],
        [`_modules/command_vanish.${language}`]: VANISH[language],
      },
    );
  }
  ended = await bucket.start(["deploy", "--build"], { env: { TURNS: turns } }).ended;
});

afterAll(() => {
  bucket.dispose();
  rmSync(turns, { recursive: true, force: true });
});

describe.each(["in_py", "in_ts"])("a migration with a semaphore (%s)", (job) => {
  it("runs on every allocation", () => {
    expect(ended.code, ended.stderr).toBe(0);
    const words = linesOf(join(turns, job));
    expect(words.filter((word) => word === "in")).toHaveLength(HOSTS.length);
    expect(words.filter((word) => word === "out")).toHaveLength(HOSTS.length);
  });

  it("never runs on more allocations at the same time than the semaphore has slots", () => {
    let inside = 0;
    const maxInside = Math.max(...linesOf(join(turns, job)).map((word) => (inside += word === "in" ? 1 : -1)));
    expect(maxInside).toBeLessThanOrEqual(2);
    expect(maxInside).toBeGreaterThan(0);
  });

  it("gets the slot of a process that died", () => {
    const printed = HOSTS.map((host) => `command_vanish (after_allocation_started) ${job}@${host}`);
    expect(printed.filter((line) => !ended.stderr.includes(`ok ${line}`))).toEqual([]);
  });
});
