import { PassThrough } from "node:stream";
import { type ProgressOptions, styleFor, type TerminalEvent } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { actionFinished, actionStarted, eventsOf, START, staged, started, workers } from "./events.test.support.ts";
import { liveReader } from "./live-reader.ts";
import { failingBatch, firstDeploy } from "./scenes.test.support.ts";
import { Terminal } from "./terminal.test.support.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const ENV = { LANG: "C.UTF-8", TERM: "xterm" };

function live(columns = 80, rows = 24, options: Partial<ProgressOptions> = {}) {
  const terminal = new Terminal(columns, rows);
  const leaving = new Set<(moment: TerminalEvent) => void>();
  const interrupt = new AbortController();
  const reader = liveReader({
    stderr: terminal,
    stdout: terminal,
    env: ENV,
    signal: interrupt.signal,
    onTerminalEvent(listener) {
      leaving.add(listener);
      return () => void leaving.delete(listener);
    },
    style: styleFor({}, {}, true),
    quiet: false,
    verbose: false,
    progress: undefined,
    from: "/",
    ...options,
  });
  const leave = (moment: TerminalEvent) => {
    for (const listener of [...leaving]) listener(moment);
  };
  return { terminal, reader, leave, leaving, interrupt };
}

/** Emits events at their times. */
function play(reader: (event: MaandEvent) => void, events: readonly MaandEvent[]): void {
  for (const event of events) {
    vi.advanceTimersByTime(Math.max(0, Date.parse(event.at) - Date.now()));
    reader(event);
  }
}

const FINISHED = eventsOf((at) =>
  at(20, "run.finished", {
    outcome: "ok",
    ...{ promoted: 4, skipped: 0, failed: 0, reverted: 0, blocked: 0 },
    ...{ allocations: [], failures: [], blocked_jobs: [], paused: [], warnings: [], unbuilt: [] },
    message: null,
    duration_ms: 20_000,
  }),
);

describe("a live screen", () => {
  it("shows a run while it is in progress, and afterwards only its result", () => {
    const { terminal, reader } = live();
    terminal.write("$ maand deploy\n");
    play(reader, firstDeploy().events);
    vi.advanceTimersByTime(1000);
    expect(terminal.text).toContain("▸ api");
    expect(terminal.isCursorShown).toBe(false);
    play(reader, FINISHED);
    expect(terminal.text).toBe("$ maand deploy\ndeploy done: 4 promoted, 0 unchanged in 20.0s");
    expect(terminal.isCursorShown).toBe(true);
  });

  it("draws no frame for a run that ends immediately", () => {
    const { terminal, reader } = live();
    play(reader, FINISHED);
    expect(terminal.writes).toEqual(["deploy done: 4 promoted, 0 unchanged in 20.0s\n"]);
  });

  it("writes at most ten frames per second, each in one write, and only after a change", () => {
    const { terminal, reader } = live();
    play(
      reader,
      eventsOf((at) => {
        started(at);
        actionStarted(at, 0, "start", "database", "10.0.0.1");
      }),
    );
    vi.advanceTimersByTime(1000);
    terminal.writes.length = 0;
    for (let ms = 0; ms < 1000; ms += 2) {
      const [event] = eventsOf((at) =>
        at(0, "output", { line: `line ${ms}`, stream: "stdout", worker: "10.0.0.1", job: "database" }),
      );
      if (event) reader(event);
      vi.advanceTimersByTime(2);
    }
    expect(terminal.writes.length).toBeGreaterThan(5);
    expect(terminal.writes.length).toBeLessThanOrEqual(11);
  });

  it("never clears the screen or its scrollback", () => {
    const { terminal, reader, interrupt } = live(80, 12);
    play(reader, failingBatch().events);
    interrupt.abort();
    terminal.resize(40, 8);
    play(reader, FINISHED);
    expect(terminal.writes.join("")).not.toMatch(/\[[0-3]?J/);
  });

  it("draws no frame before the first event, even if other output appears", () => {
    const { terminal } = live();
    terminal.write("built: 3 jobs\n");
    terminal.resize(40, 10);
    vi.advanceTimersByTime(5000);
    expect(terminal.writes).toEqual(["built: 3 jobs\n"]);
  });

  it("makes room for other output, and stays hidden until that output ends its line", () => {
    const { terminal, reader } = live();
    play(reader, firstDeploy().events);
    vi.advanceTimersByTime(150);
    terminal.write("a plugin says something\n");
    expect(terminal.text).toMatch(/^a plugin says something\ndeploy: wave 2/);
    terminal.write("Continue? ");
    vi.advanceTimersByTime(5000);
    expect(terminal.text).toBe("a plugin says something\nContinue?");
    terminal.write("yes\n");
    expect(terminal.text).toMatch(/^a plugin says something\nContinue\? yes\ndeploy: wave 2/);
    play(reader, FINISHED);
    expect(terminal.text).toBe("a plugin says something\nContinue? yes\ndeploy done: 4 promoted, 0 unchanged in 20.0s");
  });

  it("is drawn correctly after a resize of the terminal", async () => {
    const { terminal, reader } = live(110, 24);
    terminal.write("$ maand deploy\n");
    play(reader, failingBatch().events);
    vi.advanceTimersByTime(1000);
    const shown = [`== 110 columns, 24 rows\n${terminal.text}`];
    for (const [columns, rows] of [
      [40, 24],
      [80, 14],
      [200, 24],
    ] as const) {
      terminal.resize(columns, rows);
      shown.push(`== ${columns} columns, ${rows} rows\n${terminal.text}`);
    }
    await expect(`${shown.join("\n\n")}\n`).toMatchFileSnapshot("goldens/resize.txt");
    expect(shown.filter((text) => text.split("deploy: wave").length !== 2)).toEqual([]);
  });

  it.each(["exit", "suspend"] as const)("restores the terminal at process %s", (moment) => {
    const { terminal, reader, leave } = live();
    terminal.write("$ maand deploy\n");
    play(reader, firstDeploy().events);
    vi.advanceTimersByTime(150);
    leave(moment);
    expect([terminal.text, terminal.isCursorShown]).toEqual(["$ maand deploy", true]);
    if (moment === "exit") return;
    vi.advanceTimersByTime(5000);
    expect(terminal.text).toBe("$ maand deploy");
    leave("resume");
    expect(terminal.text).toContain("deploy: wave 2");
    expect(terminal.isCursorShown).toBe(false);
  });

  it("restores the streams when it ends", () => {
    const { terminal, reader, leaving } = live();
    play(reader, firstDeploy().events);
    vi.advanceTimersByTime(150);
    reader.end();
    reader.end();
    expect([Object.hasOwn(terminal, "write"), leaving.size, vi.getTimerCount()]).toEqual([false, 0, 0]);
    expect(terminal.listenerCount("resize")).toBe(0);
    expect([terminal.text, terminal.isCursorShown]).toEqual(["", true]);
  });

  it("shows after Ctrl-C that the run is stopping", () => {
    const { terminal, reader, interrupt } = live();
    play(reader, firstDeploy().events);
    interrupt.abort();
    vi.advanceTimersByTime(150);
    expect(terminal.text).toContain("stopping: waiting for 2 steps; press Ctrl-C again to force");
  });

  it("prints the output of jobs only with --verbose, above the frame", () => {
    const output = eventsOf((at) => {
      started(at);
      at(1, "output", { line: "hello", stream: "stdout", worker: "10.0.0.1", job: "api" });
    });
    for (const verbose of [false, true]) {
      const { terminal, reader } = live(80, 24, { verbose });
      play(reader, output);
      play(reader, FINISHED);
      expect(terminal.text.startsWith("api@10.0.0.1 | hello\n")).toBe(verbose);
    }
  });

  it("prints each warning once at the end, and also the lines of commands without a summary", () => {
    const warned = eventsOf((at) => {
      started(at);
      for (let times = 0; times < 3; times += 1)
        at(1, "warning", { code: "W", message: "the disk is full", worker: null, job: null });
    });
    const deploy = live();
    play(deploy.reader, warned);
    play(deploy.reader, FINISHED);
    expect(deploy.terminal.text).toBe(
      "warning: the disk is full (3 times)\ndeploy done: 4 promoted, 0 unchanged in 20.0s",
    );

    const job = live();
    const hosts = workers(20);
    const events = eventsOf((at) => {
      started(at, "job restart");
      staged(at, 1, hosts, []);
      for (const host of hosts) actionFinished(at, 2, "restart", "api", host);
    });
    play(job.reader, events);
    vi.advanceTimersByTime(150);
    job.reader.end();
    expect(job.terminal.text).toBe(
      [
        "ok restart api@10.0.0.1 1.5s",
        "ok restart api@10.0.0.2 1.5s",
        "ok restart api@10.0.0.3 1.5s",
        "ok restart api on 17 more workers (10.0.0.4, 10.0.0.5, 10.0.0.6, ...) 1.5s",
      ].join("\n"),
    );
  });

  it("leaves the lines about maintenance steps, but no output of jobs", () => {
    const { terminal, reader } = live();
    const events = eventsOf((at) => {
      started(at, "maintain resume");
      at(0, "maintenance.planned", {
        ...{ number: 1, workers: ["10.0.0.1"], concurrency: 1, steps: ["drain", "reboot"] },
        stops_when: "a worker is set aside",
      });
      at(1, "maintenance.worker", { worker: "10.0.0.1", state: "under_way", step: "drain", message: null });
      actionStarted(at, 1, "stop", "api", "10.0.0.1");
      at(1, "output", { line: "hello", stream: "stdout", worker: "10.0.0.1", job: "api" });
      actionFinished(at, 2, "stop", "api", "10.0.0.1");
      at(2, "maintenance.worker", { worker: "10.0.0.1", state: "under_way", step: "reboot", message: null });
    });
    play(reader, events);
    vi.advanceTimersByTime(150);
    expect(terminal.text).toContain("    reboot on 10.0.0.1 0:00, waits for a new boot id");
    reader.end();
    expect(terminal.text.split("\n")).toEqual([
      "1 worker: 10.0.0.1; each: drain, reboot; stops when a worker is set aside",
      "10.0.0.1: stopping its jobs",
      "10.0.0.1: rebooting",
    ]);
  });

  it("passes other output through when only stderr is a terminal", () => {
    const stdout = new PassThrough();
    const terminal = new Terminal(80, 24);
    const reader = liveReader({
      ...{ stderr: terminal, stdout, env: ENV, signal: new AbortController().signal },
      ...{ style: styleFor({}, {}, true), quiet: false, verbose: false, progress: undefined, from: "/" },
    });
    play(reader, firstDeploy().events);
    vi.advanceTimersByTime(150);
    const before = terminal.writes.length;
    stdout.write("{}\n");
    expect([stdout.read()?.toString(), terminal.writes.length]).toEqual(["{}\n", before]);
    reader.end();
  });
});
