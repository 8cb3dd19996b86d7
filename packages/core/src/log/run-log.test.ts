import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { gc } from "../jobs/gc.ts";
import type { Hooks } from "../plugin-api/hooks.ts";
import { aBucket, fakeRemote, type TestBucket } from "../testing/index.ts";
import { type LogFields, readLogLine } from "./line.ts";

const buckets: TestBucket[] = [];

afterEach(() => {
  for (const bucket of buckets.splice(0)) bucket.dispose();
});

function bucketWith(conf = "", ...given: Parameters<typeof aBucket>): TestBucket {
  const bucket = aBucket(...given);
  buckets.push(bucket);
  writeFileSync(join(bucket.root, "maand.conf"), `transport = "fake"\n${conf}`);
  bucket.workers("10.0.0.1", "10.0.0.2");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  return bucket;
}

function linesOf(bucket: TestBucket, path: string): LogFields[] {
  const text = readFileSync(join(bucket.root, "logs", path), "utf8").trimEnd();
  return text.split("\n").map((line) => readLogLine(line) ?? { broken: line });
}

function runsOf(bucket: TestBucket): string[] {
  return readdirSync(join(bucket.root, "logs/runs"));
}

describe("the log of a run", () => {
  it("has a file per worker and a file for all other lines, and copies of both in the directory of the run", async () => {
    const bucket = bucketWith();
    await bucket.ship();
    const [run = ""] = runsOf(bucket);
    expect(readdirSync(join(bucket.root, "logs")).sort()).toEqual([
      "10.0.0.1.log",
      "10.0.0.2.log",
      "maand.log",
      "runs",
    ]);
    for (const name of ["10.0.0.1.log", "10.0.0.2.log", "maand.log"])
      expect(linesOf(bucket, `runs/${run}/${name}`)).toEqual(linesOf(bucket, name));
    expect(linesOf(bucket, "10.0.0.2.log").every((line) => line.worker === "10.0.0.2" && line.run === run)).toBe(true);
    expect(linesOf(bucket, "maand.log").every((line) => line.worker === "-")).toBe(true);
    expect(linesOf(bucket, "maand.log").at(-1)).toMatchObject({
      event: "run_finished",
      outcome: "ok",
      maand: "deploy",
    });
    const events = readFileSync(join(bucket.root, `logs/runs/${run}/events.ndjson`), "utf8")
      .trimEnd()
      .split("\n");
    expect(events.map((line) => JSON.parse(line))).toEqual(bucket.events);
  });

  it("is readable only by its owner", async () => {
    const bucket = bucketWith();
    await bucket.ship();
    const [run = ""] = runsOf(bucket);
    const mode = (path: string) => (statSync(join(bucket.root, path)).mode & 0o777).toString(8);
    expect(mode("logs")).toBe("700");
    expect(mode(`logs/runs/${run}`)).toBe("700");
    for (const path of ["logs/maand.log", "logs/10.0.0.1.log", `logs/runs/${run}/maand.log`])
      expect(mode(path)).toBe("600");
  });

  it("distinguishes parallel commands by id, and records how each command ended", async () => {
    const bucket = bucketWith();
    await bucket.ship();
    const all = ["10.0.0.1.log", "10.0.0.2.log"].flatMap((name) => linesOf(bucket, name));
    const begun = all.filter(({ event }) => event === "command_begin");
    expect(new Set(begun.map(({ id }) => id)).size).toBe(begun.length);
    expect(begun.map(({ phase, action, job }) => `${phase} ${action} ${job}`).sort()).toEqual([
      "rollout start api",
      "rollout start api",
      "rsync rsync api",
      "rsync rsync api",
    ]);
    for (const { id } of begun)
      expect(all.find((line) => line.event === "command_end" && line.id === id)).toMatchObject({
        exit: 0,
        duration_ms: expect.any(Number),
        seq: 1,
      });
  });

  it("is JSON if log_format is jsonl", async () => {
    const bucket = bucketWith('log_format = "jsonl"\n');
    await bucket.ship();
    const text = readFileSync(join(bucket.root, "logs/maand.log"), "utf8").trimEnd();
    for (const line of text.split("\n")) expect(JSON.parse(line)).toMatchObject({ level: "INFO", maand: "deploy" });
  });

  it.each(["kv", "jsonl"])(
    "has the same lines whether they are printed together or one by one (%s)",
    async (format) => {
      const texts = ["plain", "two words", 'a "quote"', "", "a=b", "back\\slash", "\u001b[1m", "one\ntwo", "é 日"];
      const recorded = async (pausing: boolean) => {
        const plugins = [saying(texts, pausing)];
        const bucket = bucketWith(`log_format = "${format}"\n`, { plugins });
        await bucket.ship();
        const [run = ""] = runsOf(bucket);
        const events = readFileSync(join(bucket.root, `logs/runs/${run}/events.ndjson`), "utf8")
          .trimEnd()
          .split("\n");
        return {
          lines: linesOf(bucket, "maand.log")
            .filter(({ stream }) => stream !== undefined)
            .map(({ ts: _, run: __, ...line }) => line),
          events: events.map((text): object => JSON.parse(text)).filter((event) => "line" in event && "seq" in event),
        };
      };
      const [together, alone] = [await recorded(false), await recorded(true)];
      expect(together.lines).toEqual(alone.lines);
      expect(together.events).toMatchObject(
        alone.events.map((event) => ({ ...event, at: expect.any(String), run: expect.any(String) })),
      );
      expect(together.events).toHaveLength(texts.length);
    },
  );

  it("masks secrets", async () => {
    const bucket = bucketWith("", {
      plugins: [
        {
          name: "chatty",
          apply: (hooks) => hooks.afterJob.tap("chatty", ({ log }) => log("the word is hunter2-secret")),
        },
      ],
    });
    await bucket.build();
    const maand = await bucket.open();
    maand.mask.add("hunter2-secret");
    const { deploy } = await import("../deploy/deploy.ts");
    await deploy(maand, { jobs: [], force: false, syncOnly: false });
    maand.close();
    const [run = ""] = runsOf(bucket);
    for (const path of ["maand.log", `runs/${run}/maand.log`, `runs/${run}/events.ndjson`]) {
      const text = readFileSync(join(bucket.root, "logs", path), "utf8");
      expect(text, path).toContain("the word is ••••••");
      expect(text, path).not.toContain("hunter2");
    }
  });

  it("ends with run_finished even if the command emitted no final event", async () => {
    const bucket = bucketWith();
    await bucket.ship();
    const maand = await bucket.open();
    const { healthCheck } = await import("../jobs/health-command.ts");
    await healthCheck(maand, { jobs: [], wait: false });
    maand.close();
    const output = linesOf(bucket, "maand.log").filter((line) => line.maand === "healthcheck");
    expect([output[0]?.event, output.at(-1)?.event]).toEqual(["run_started", "run_finished"]);
    expect(output[0]?.cmd).toBe("health_check");
  });

  it("records each directory that gc deletes, and the result", async () => {
    const bucket = bucketWith("", { plugins: [readOnly("10.0.0.2")] });
    bucket.job("old", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    bucket.removeJob("old");
    await bucket.ship();
    const maand = await bucket.open();
    await gc(maand);
    maand.close();
    const commands = (name: string) =>
      linesOf(bucket, name)
        .filter(isOf("gc"))
        .filter(({ id }) => id !== undefined);
    const unit = { job: "old", phase: "gc", action: "cleanup_job_tree" };
    expect(commands("10.0.0.1.log")).toMatchObject([
      { ...unit, event: "command_begin" },
      { ...unit, event: "command_end", exit: 0 },
    ]);
    expect(commands("10.0.0.2.log").at(-1)).toMatchObject({ ...unit, event: "command_end", exit: 1, reason: "failed" });
  });

  function isOf(command: string): (line: LogFields) => boolean {
    return ({ maand }) => maand === command;
  }
});

describe("log rotation", () => {
  it("loses no line if several files become full within a millisecond", async () => {
    const at = new Date("2026-11-25T20:55:22.167Z");
    const conf = "[logs]\nmax_mb = 0.1\nkeep_files = 20\n";
    const bucket = bucketWith(conf, { now: () => at, plugins: [printing(3000, "y".repeat(200))] });
    await bucket.ship();
    const names = readdirSync(join(bucket.root, "logs")).filter((name) => name.startsWith("maand.log"));
    const printed = names.flatMap((name) => linesOf(bucket, name)).filter(({ stream }) => stream === "stdout");
    expect(printed).toHaveLength(3000);
    expect(names.length).toBeGreaterThan(5);
  });

  it("rotates a full file and keeps a limited number of files", async () => {
    const bucket = bucketWith("[logs]\nmax_mb = 0.1\nkeep_files = 2\n", { plugins: [printing(3000, "y".repeat(200))] });
    await bucket.ship();
    const names = readdirSync(join(bucket.root, "logs")).filter((name) => name.startsWith("maand.log"));
    expect(names).toHaveLength(3);
    for (const name of names) expect(statSync(join(bucket.root, "logs", name)).size).toBeLessThanOrEqual(100_000);
    expect(linesOf(bucket, "maand.log").at(-1)).toMatchObject({ event: "run_finished" });
  });

  it("deletes the records of the oldest runs", async () => {
    const bucket = bucketWith("[logs]\nkeep_runs = 10\n");
    await bucket.build();
    for (let at = 0; at < 12; at += 1) await bucket.deploy();
    expect(runsOf(bucket)).toHaveLength(10);
    const last = bucket.events.at(-1)?.run ?? "";
    expect(runsOf(bucket)).toContain(last);
  });

  it("truncates a line of ten megabytes", async () => {
    const bucket = bucketWith("", { plugins: [printing(1, "z".repeat(10_000_000))] });
    await bucket.ship();
    expect(statSync(join(bucket.root, "logs/maand.log")).size).toBeLessThan(50_000);
  });
});

describe("a log that was not written completely", () => {
  it("does not stop a deploy, and is reported once", async () => {
    const bucket = bucketWith();
    await bucket.build();
    rmSync(join(bucket.root, "logs"), { recursive: true });
    writeFileSync(join(bucket.root, "logs"), "a file where the directory would be");
    expect((await bucket.deploy()).outcome).toBe("ok");
    const printed = bucket.events.filter((event) => event.type === "warning");
    expect(printed).toMatchObject([
      { code: "log_not_written", message: expect.stringContaining("logs cannot be written") },
    ]);
    expect(bucket.events.map(({ seq }) => seq)).toEqual(bucket.events.map((_, at) => at + 1));
  });

  it("affects neither other files nor the run if its disk is full", async () => {
    const bucket = bucketWith();
    mkdirSync(join(bucket.root, "logs"), { recursive: true });
    symlinkSync("/dev/full", join(bucket.root, "logs/10.0.0.1.log"));
    expect((await bucket.ship()).outcome).toBe("ok");
    const printed = bucket.events.filter((event) => event.type === "warning");
    expect(printed).toMatchObject([{ code: "log_not_written", message: expect.stringContaining("ENOSPC") }]);
    const [run = ""] = runsOf(bucket);
    expect(linesOf(bucket, `runs/${run}/10.0.0.1.log`).filter(({ event }) => event === "command_end")).toHaveLength(2);
    expect(linesOf(bucket, "10.0.0.2.log").filter(({ event }) => event === "command_end")).toHaveLength(2);
  });

  it("continues on a new line after an incomplete line", async () => {
    const bucket = bucketWith();
    mkdirSync(join(bucket.root, "logs"), { recursive: true });
    writeFileSync(join(bucket.root, "logs/maand.log"), "ts=2026-01-01T00:0");
    await bucket.ship();
    const lines = linesOf(bucket, "maand.log");
    expect(lines[0]?.ts).toBe("2026-01-01T00:0");
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.slice(1).every(({ run }) => run !== undefined)).toBe(true);
    expect(existsSync(join(bucket.root, "logs/10.0.0.1.log"))).toBe(true);
  });
});

function printing(times: number, line: string) {
  return {
    name: "printing",
    apply: (hooks: Hooks) =>
      hooks.afterJob.tap("printing", ({ log }) => {
        for (let at = 0; at < times; at += 1) log(line);
      }),
  };
}

/** Prints lines together, or with a pause after each one. */
function saying(lines: readonly string[], isPausing: boolean) {
  return {
    name: "saying",
    apply: (hooks: Hooks) =>
      hooks.afterJob.tapPromise("saying", async ({ log }) => {
        for (const line of lines) {
          log(line);
          if (isPausing) await Promise.resolve();
        }
      }),
  };
}

/** Connects to a worker on which nothing can be deleted. */
function cannotDelete({ argv }: { readonly argv: readonly string[] }) {
  return argv.join(" ").includes("rm -rf") ? { code: 1, stderr: "read-only\n" } : undefined;
}

function readOnly(host: string) {
  return {
    name: "read-only",
    apply(hooks: Hooks): void {
      hooks.connect.tapPromise({ name: "read-only", stage: -10 }, async ({ worker, root }) =>
        worker.host === host ? fakeRemote({ host, root, answers: cannotDelete }) : undefined,
      );
    },
  };
}
