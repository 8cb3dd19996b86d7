import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../../run/run.ts";
import { type CommandResult, initialised, typedIn } from "../../run/typed.test.support.ts";

let fresh = "";
let root = "";
let maand: (...argv: string[]) => Promise<CommandResult>;

beforeAll(async () => {
  fresh = await initialised();
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-logs-"));
  cpSync(fresh, root, { recursive: true });
  maand = typedIn(root);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const RUN = "3f2a0000-0000-4000-8000-000000000001";
const OTHER = "3f9b0000-0000-4000-8000-000000000002";

/** A log line as maand writes it, with this second in its time. */
function line(second: number, more: string, run = RUN): string {
  return `ts=2026-11-25T20:00:${String(second).padStart(2, "0")}.000Z level=INFO ${more.replace("RUN", `run=${run} maand=deploy seq=7`)}`;
}

function log(name: string, ...lines: readonly string[]): void {
  mkdirSync(join(root, "logs", name, ".."), { recursive: true });
  appendFileSync(join(root, "logs", name), lines.map((text) => `${text}\n`).join(""));
}

const START = "RUN worker=10.0.0.1 job=api phase=rollout action=start";

/** Writes the logs of two workers whose commands ran in parallel, and lines that belong to no worker. */
function twoWorkers(): void {
  log(
    "10.0.0.1.log",
    line(2, `event=command_begin ${START} cmd="start api" id=1`),
    line(4, `${START} stream=stdout msg="hello there" id=1`),
    line(8, `event=command_end ${START} exit=0 duration_ms=6000 id=1`),
  );
  log(
    "10.0.0.10.log",
    line(3, 'event=command_begin RUN worker=10.0.0.10 job=web phase=rollout action=start cmd="start web" id=2'),
    line(5, "RUN worker=10.0.0.10 job=web phase=rollout action=start stream=stderr msg=oops id=2"),
    line(
      6,
      "event=command_end RUN worker=10.0.0.10 job=web phase=rollout action=start exit=2 duration_ms=300 reason=failed id=2",
    ),
  );
  log(
    "maand.log",
    line(1, "event=run_started RUN worker=-"),
    line(9, "event=run_finished RUN worker=- outcome=failed"),
  );
}

const seconds = (text: string) => [...text.matchAll(/ts=\S+:(\d\d)\.000Z/g)].map(([, second]) => Number(second));

describe("maand logs show", () => {
  it("shows the lines of all logs, sorted by time", async () => {
    twoWorkers();
    expect(seconds((await maand("logs", "show")).out)).toEqual([1, 2, 3, 4, 5, 6, 8, 9]);
    expect(seconds((await maand("logs", "show", "--tail", "3")).out)).toEqual([6, 8, 9]);
    expect((await maand("logs", "show", "--tail", "0")).out).toBe("");
  });

  it("returns the last lines with --tail, even from rotated files", async () => {
    for (let at = 1; at <= 20; at += 1)
      log("maand.log-20261125T195900000Z", line(at, `event=a RUN worker=- pad=${"x".repeat(9000)}`));
    for (let at = 21; at <= 23; at += 1) log("maand.log", line(at, "event=b RUN worker=-"));
    for (let at = 24; at <= 30; at += 1) log("10.0.0.1.log", line(at, "event=c RUN worker=10.0.0.1"));
    for (let tail = 0; tail <= 31; tail += 1) {
      const shown = seconds((await maand("logs", "show", "--tail", String(tail))).out);
      expect(shown).toEqual(Array.from({ length: Math.min(tail, 30) }, (_, at) => 30 - Math.min(tail, 30) + at + 1));
    }
  });

  it("combines filters", async () => {
    twoWorkers();
    const shown = async (...flags: string[]) => seconds((await maand("logs", "show", ...flags)).out);
    expect(await shown("--worker", "10.0.0.1")).toEqual([2, 4, 8]);
    expect(await shown("--worker", "10.0.0.")).toEqual([2, 3, 4, 5, 6, 8]);
    expect(await shown("--job", "web")).toEqual([3, 5, 6]);
    expect(await shown("--job", "api,web", "--event", "command_end")).toEqual([6, 8]);
    expect(await shown("--job", "api", "--event", "command_end", "--phase", "rollout")).toEqual([8]);
    expect(await shown("--phase", "roll")).toEqual([]);
    expect(await shown("--event", "command")).toEqual([]);
  });

  it("accepts labels and hostnames in --worker", async () => {
    twoWorkers();
    const workers = [{ host: "10.0.0.1" }, { host: "10.0.0.10", hostname: "ten", labels: ["web"] }];
    writeFileSync(join(root, "workspace/workers.json"), JSON.stringify(workers));
    expect(await maand("build")).toMatchObject({ code: 0 });
    expect(seconds((await maand("logs", "show", "--worker", "label:web")).out)).toEqual([3, 5, 6]);
    expect(seconds((await maand("logs", "show", "--worker", "ten")).out)).toEqual([3, 5, 6]);
    expect(await maand("logs", "show", "--worker", "label:none")).toMatchObject({ code: 2, out: "" });
  });

  it("finds a line with several jobs by each job, and a removed job by a prefix of its name", async () => {
    log(
      "10.0.0.1.log",
      line(1, "event=command_begin RUN worker=10.0.0.1 job=api,api-gateway phase=rsync action=rsync id=1"),
    );
    const shown = async (job: string) => seconds((await maand("logs", "show", "--job", job)).out);
    expect(await shown("api-gateway")).toEqual([1]);
    expect(await shown("api-g")).toEqual([1]);
    expect(await shown("gateway")).toEqual([]);
  });

  it("shows the events as text, and then the lines of each command in one block", async () => {
    twoWorkers();
    const { out } = await maand("logs", "show", "--format", "human");
    expect(out).toBe(
      [
        "2026-11-25 20:00:01  deploy  seq=7  run=3f2a0000",
        "  run_started",
        "",
        "2026-11-25 20:00:09  deploy  seq=7  run=3f2a0000",
        "  run_finished  outcome=failed",
        "",
        "2026-11-25 20:00:02  deploy  seq=7  run=3f2a0000",
        "  rollout  start  api@10.0.0.1",
        "  $ start api",
        "  api@10.0.0.1 | hello there",
        "  ok  exit=0  6.0s",
        "",
        "2026-11-25 20:00:03  deploy  seq=7  run=3f2a0000",
        "  rollout  start  web@10.0.0.10",
        "  $ start web",
        "  web@10.0.0.10 ! oops",
        "  FAIL  exit=2  300ms  failed",
        "",
        "",
      ].join("\n"),
    );
    const last = await maand("logs", "show", "--format", "h", "--tail", "1");
    expect(last.out.split("\n")[1]).toBe("  rollout  start  web@10.0.0.10");
  });

  it("shows backslashes unchanged and escapes control characters", async () => {
    log("maand.log", line(1, String.raw`event=warning RUN worker=- msg="y\\z \u001b[2J"`));
    expect((await maand("logs", "show", "--format", "human")).out).toContain(String.raw`msg=y\z \x1b[2J`);
    expect((await maand("logs", "show")).out).not.toContain("\u001b");
  });

  it("prints one JSON object per line, with every key", async () => {
    twoWorkers();
    const { out } = await maand("logs", "show", "--json", "--worker", "10.0.0.10", "--event", "command_end");
    expect(JSON.parse(out)).toEqual({
      ts: "2026-11-25T20:00:06.000Z",
      level: "INFO",
      event: "command_end",
      run: RUN,
      maand: "deploy",
      seq: 7,
      worker: "10.0.0.10",
      job: "web",
      phase: "rollout",
      action: "start",
      cmd: null,
      stream: null,
      exit: 2,
      duration_ms: 300,
      reason: "failed",
      msg: null,
      id: "2",
    });
  });

  it('finds a run by a prefix of its id, lists ambiguous matches, and accepts "latest"', async () => {
    log(`runs/${RUN}/maand.log`, line(1, "event=run_started RUN worker=-"));
    utimesSync(join(root, "logs/runs", RUN), 1, 1);
    log(`runs/${OTHER}/maand.log`, line(2, "event=run_started RUN worker=-", OTHER));
    expect(seconds((await maand("logs", "show", "--run", "3f2")).out)).toEqual([1]);
    expect(seconds((await maand("logs", "show", "--run-dir", "--run", OTHER)).out)).toEqual([2]);
    expect(seconds((await maand("logs", "show", "--run-dir")).out)).toEqual([2]);
    const both = await maand("logs", "show", "--run", "3f");
    expect(both).toMatchObject({ code: 2, out: "" });
    expect(both.err).toContain(RUN);
    expect(await maand("logs", "show", "--run", "77")).toMatchObject({ code: 2, out: "" });
  });

  it("reads rotated files before the current one", async () => {
    log("maand.log-20261125T195900000Z", line(1, "event=a RUN worker=-"));
    log("maand.log-20261125T195930000Z", line(2, "event=b RUN worker=-"));
    log("maand.log", line(3, "event=c RUN worker=-"));
    expect(seconds((await maand("logs", "show")).out)).toEqual([1, 2, 3]);
  });

  it("reports unreadable lines in a file, and shows the rest", async () => {
    twoWorkers();
    appendFileSync(join(root, "logs/maand.log"), Buffer.from([0, 255, 1, 10, 7, 8, 9]));
    appendFileSync(join(root, "logs/maand.log"), "x".repeat(600_000));
    appendFileSync(
      join(root, "logs/maand.log"),
      `\nts=2026-1\n${line(10, "event=late RUN worker=-")}\nts=2026-11-25T2`,
    );
    const { code, out, err } = await maand("logs", "show");
    expect(code).toBe(0);
    expect(seconds(out)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
    expect(err).toMatch(/^maand: maand\.log: skipped \d unreadable lines\n$/);
    expect(out).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it("counts only log lines for --tail, even if a file ends without a newline", async () => {
    twoWorkers();
    const path = join(root, "logs/10.0.0.1.log");
    appendFileSync(path, `| told by an older maand\n${"rubbish\n".repeat(20_000)}${"x".repeat(100_000)}\nts=2026-11-2`);
    const shown = async (...flags: string[]) => seconds((await maand("logs", "show", ...flags)).out);
    expect(await shown("--worker", "10.0.0.1", "--tail", "2")).toEqual([4, 8]);
    expect(await shown("--tail", "4")).toEqual([6, 8, 9]); // also in a file with lines of an older maand
  });

  it("names a file that cannot be opened, shows the other files, and fails", async () => {
    twoWorkers();
    mkdirSync(join(root, "logs/10.0.0.5.log"));
    const { code, out, err } = await maand("logs", "show");
    expect(code).toBe(1);
    expect(seconds(out)).toEqual([1, 2, 3, 4, 5, 6, 8, 9]);
    expect(err).toMatch(/^maand: 10\.0\.0\.5\.log: .*EISDIR/);
  });

  it("shows lines in an older format only if no filter is set", async () => {
    log("10.0.0.1.log", line(1, "event=old RUN worker=10.0.0.1"), "| it said", "! it cried");
    expect((await maand("logs", "show")).out).toContain("| it said\n! it cried\n");
    expect((await maand("logs", "show", "--event", "old")).out).not.toContain("it said");
  });

  it("reports an empty result, refuses invalid filters, and works without a readable store", async () => {
    expect(await maand("logs", "show")).toMatchObject({ code: 1, out: "", err: "maand: no log files matched\n" });
    expect(await maand("logs", "show", "--worker", "10.0.0.9")).toMatchObject({ code: 0, out: "" });
    expect(await maand("logs", "show", "--tail", "x")).toMatchObject({ code: 2 });
    expect(await maand("logs", "show", "--format", "xml")).toMatchObject({ code: 2 });
    twoWorkers();
    writeFileSync(join(root, "data/maand.db"), "rubbish ".repeat(1000));
    expect(seconds((await maand("logs", "show", "--job", "api")).out)).toEqual([2, 4, 8]);
  });
});

describe("maand logs show --follow", () => {
  /** Starts a command line; returns its output so far, and a promise of its end. */
  function following(...argv: string[]) {
    const [stdout, stderr, interrupt] = [new PassThrough(), new PassThrough(), new AbortController()];
    const output = { out: "" };
    stdout.on("data", (chunk: Buffer) => {
      output.out += chunk.toString();
    });
    stderr.resume();
    const code = run(["logs", "show", "--follow", ...argv], {
      stdin: new PassThrough(),
      stdout,
      stderr,
      env: {},
      cwd: root,
      signal: interrupt.signal,
      now: () => new Date(),
      pid: process.pid,
      machine: "here",
    });
    const shows = async (...wanted: number[]) => {
      await expect.poll(() => seconds(output.out), { timeout: 10_000 }).toEqual(wanted);
    };
    return { output, code, shows, interrupt: () => interrupt.abort() };
  }

  it("follows the lines of other processes, rotated files and new files until it is interrupted", async () => {
    log("maand.log", line(1, "event=a RUN worker=-"));
    const { shows, interrupt, code } = following();
    await shows(1);
    log("maand.log", line(2, "event=b RUN worker=-"));
    await shows(1, 2);
    log("maand.log", line(3, "event=c RUN worker=-"));
    renameSync(join(root, "logs/maand.log"), join(root, "logs/maand.log-20261125T200003000Z"));
    log("maand.log-20261125T200004000Z", line(4, "event=d RUN worker=-"));
    log("maand.log", line(5, "event=e RUN worker=-"));
    await shows(1, 2, 3, 4, 5);
    log("10.0.0.3.log", line(6, "event=f RUN worker=10.0.0.3"));
    await shows(1, 2, 3, 4, 5, 6);
    appendFileSync(join(root, "logs/maand.log"), line(7, "event=half").slice(0, -3));
    log("10.0.0.3.log", line(8, "event=g RUN worker=10.0.0.3"));
    await shows(1, 2, 3, 4, 5, 6, 8);
    interrupt();
    expect(await code).toBe(130);
  });

  it("shows all lines of the requested run, and ends when the run ends", async () => {
    for (let at = 1; at <= 20; at += 1) log(`runs/${RUN}/maand.log`, line(at, "event=a RUN worker=-"));
    const { shows, code } = following("--run", "3f2a");
    await shows(...Array.from({ length: 20 }, (_, at) => at + 1));
    log(`runs/${RUN}/maand.log`, line(21, "event=run_finished RUN worker=-"));
    expect(await code).toBe(0);
    await shows(...Array.from({ length: 21 }, (_, at) => at + 1));
  });

  it("starts with the last ten lines of all logs, and applies the filters", async () => {
    for (let at = 1; at <= 30; at += 1)
      log("maand.log", line(at, `event=${at % 2 === 0 ? "even" : "odd"} RUN worker=-`));
    const { shows, interrupt, code } = following("--event", "even");
    await shows(12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    log("maand.log", line(31, "event=odd RUN worker=-"), line(32, "event=even RUN worker=-"));
    await shows(12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32);
    interrupt();
    await code;
  });

  it("prints the lines of a command as text once the command has ended", async () => {
    twoWorkers();
    const { output, interrupt, code } = following("--format", "human");
    await expect.poll(() => output.out).toContain("ok  exit=0  6.0s");
    log(
      "10.0.0.1.log",
      line(20, `event=command_begin ${START} id=9`),
      line(21, `${START} stream=stdout msg=again id=9`),
    );
    log("10.0.0.1.log", line(22, `event=command_end ${START} exit=0 duration_ms=10 id=9`));
    await expect.poll(() => output.out, { timeout: 10_000 }).toContain("api@10.0.0.1 | again\n  ok  exit=0  10ms");
    interrupt();
    await code;
    expect(readFileSync(join(root, "logs/10.0.0.1.log"), "utf8")).toContain("again");
  });
});
