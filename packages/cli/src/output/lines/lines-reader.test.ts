import { PassThrough } from "node:stream";
import { styleFor } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type At,
  actionFinished,
  actionStarted,
  batch,
  eventsOf,
  jobStarted,
  START,
  staged,
  started,
  workers,
} from "../progress/events.test.support.ts";
import { ciGroups } from "./ci-groups.ts";
import { linesReader } from "./lines-reader.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

function lines(env: Record<string, string> = {}, quiet = false) {
  const stderr = new PassThrough();
  const reader = linesReader({ stderr, env, quiet, style: styleFor({}, {}, true) });
  return {
    reader,
    stderr,
    /** Emits events at their times. */
    play(events: readonly MaandEvent[]): void {
      for (const event of events) {
        vi.advanceTimersByTime(Math.max(0, Date.parse(event.at) - Date.now()));
        reader(event);
      }
    },
    /** The output since the last call. */
    printed: (): string[] => (stderr.read()?.toString() ?? "").split("\n").slice(0, -1),
  };
}

function output(at: At, seconds: number, worker: string, ...text: readonly string[]): void {
  for (const line of text) at(seconds, "output", { line, stream: "stdout", worker, job: "api" });
}

function command(at: At, seconds: number, worker: string, text: readonly string[]): void {
  const fields = { job: "api", worker, command: "command_prep", event: "pre_deploy" };
  at(seconds, "command.started", fields);
  output(at, seconds, worker, ...text);
  at(seconds, "command.finished", {
    ...fields,
    ...{ outcome: "failed", exit: 1, output: text, duration_ms: 300 },
    message: `command_prep (pre_deploy) of api for ${worker} failed with exit code 1`,
  });
}

describe("equal lines of many workers", () => {
  it("become three lines, and one line that counts the other workers", () => {
    const { play, printed } = lines();
    const hosts = workers(64);
    play(
      eventsOf((at) => {
        started(at);
        jobStarted(at, 0, "api", 64, 1);
        batch(at, 0, "api", 0, 1, hosts);
        for (const host of hosts) actionStarted(at, 0, "start", "api", host);
        for (const host of hosts) actionFinished(at, 0, "start", "api", host);
        at(0, "batch.promoted", { job: "api", index: 0, count: 1, workers: hosts });
        at(0, "job.finished", { job: "api", outcome: "ok", message: null, duration_ms: 1 });
      }),
    );
    expect(printed().slice(2)).toEqual([
      "ok start api@10.0.0.1 1.5s",
      "ok start api@10.0.0.2 1.5s",
      "ok start api@10.0.0.3 1.5s",
      "ok start api on 61 more workers (10.0.0.4, 10.0.0.5, 10.0.0.6, ...) 1.5s",
    ]);
  });

  it("are delayed by at most a second", () => {
    const { play, printed } = lines();
    play(
      eventsOf((at) => {
        started(at);
        for (const host of workers(5)) actionFinished(at, 0, "start", "api", host);
      }),
    );
    expect(printed()).toHaveLength(3);
    vi.advanceTimersByTime(1000);
    expect(printed()).toEqual(["ok start api on 2 more workers (10.0.0.4, 10.0.0.5) 1.5s"]);
  });

  it("are all printed if only one worker would be counted", () => {
    const { play, printed, reader } = lines();
    play(
      eventsOf((at) => {
        started(at);
        for (const host of workers(4)) actionFinished(at, 0, "start", "api", host);
      }),
    );
    reader.end();
    expect(printed().at(-1)).toBe("ok start api@10.0.0.4 1.5s");
  });

  it("are all printed in batches of up to three workers", () => {
    const { play, printed } = lines();
    const hosts = workers(6);
    play(
      eventsOf((at) => {
        started(at);
        for (const [index, half] of [hosts.slice(0, 3), hosts.slice(3)].entries()) {
          batch(at, 0, "api", index, 2, half);
          for (const host of half) actionFinished(at, 0, "start", "api", host);
        }
      }),
    );
    expect(printed().filter((line) => line.startsWith("ok start api@"))).toHaveLength(6);
  });

  it("are combined for failures with the same reason, but not for different reasons", () => {
    const { play, printed, reader } = lines();
    play(
      eventsOf((at) => {
        started(at);
        for (const host of workers(9)) {
          const message = `make start of api on ${host} failed with exit code 2`;
          actionFinished(at, 0, "start", "api", host, { message, output: [] });
        }
        actionFinished(at, 0, "start", "api", "10.0.0.10", { message: "no space left", output: ["disk full"] });
      }),
    );
    reader.end();
    expect(printed().slice(3)).toEqual([
      "failed start api@10.0.0.10 1.5s no space left",
      "  | disk full",
      "failed start api on 6 more workers (10.0.0.4, 10.0.0.5, 10.0.0.6, ...): make start of api failed with exit code 2 1.5s",
    ]);
  });
});

describe("output that is the same on several workers", () => {
  const TRACEBACK = ["Traceback (most recent call last):", "ValueError: no such database"];

  it("is printed once for all of them, such as the traceback of a hook", () => {
    const { play, printed, reader } = lines();
    play(
      eventsOf((at) => {
        started(at);
        for (const host of workers(5)) command(at, 0, host, TRACEBACK);
      }),
    );
    reader.end();
    const all = printed();
    expect(all.filter((line) => line.includes("Traceback"))).toEqual([
      "api@10.0.0.1 | Traceback (most recent call last):",
    ]);
    expect(all).toContain("api | the same 2 lines as on 10.0.0.1: 4 more workers (10.0.0.2, 10.0.0.3, 10.0.0.4, ...)");
  });

  it("is printed in full for each worker where it differs", () => {
    const { play, printed } = lines();
    play(
      eventsOf((at) => {
        started(at);
        command(at, 0, "10.0.0.1", TRACEBACK);
        command(at, 0, "10.0.0.2", [...TRACEBACK.slice(0, 1), "KeyError: 'dsn'"]);
        command(at, 0, "10.0.0.3", [...TRACEBACK, "and more"]);
        command(at, 0, "10.0.0.4", TRACEBACK.slice(0, 1));
      }),
    );
    const of = (worker: string, all: readonly string[]) =>
      all.filter((line) => line.startsWith(`api@${worker} |`)).length;
    const all = printed();
    expect(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((worker) => of(worker, all))).toEqual([2, 2, 3, 1]);
  });

  it("is printed after a second if its step still runs", () => {
    const { play, printed } = lines();
    play(
      eventsOf((at) => {
        started(at);
        for (const host of workers(2)) actionStarted(at, 0, "start", "api", host);
        output(at, 0, "10.0.0.1", "migrating");
        output(at, 0, "10.0.0.2", "migrating");
      }),
    );
    expect(printed()).toEqual(["api@10.0.0.1 | migrating"]);
    vi.advanceTimersByTime(1000);
    expect(printed()).toEqual(["api@10.0.0.2 | migrating"]);
  });
});

describe("a pause without events", () => {
  it("is interrupted once per interval by a line with the running steps", () => {
    const { play, printed, reader } = lines();
    play(
      eventsOf((at) => {
        started(at);
        at(0, "wave.started", { deployment_seq: 0, jobs: ["api"] });
        for (const host of workers(5)) actionStarted(at, 0, "restart", "api", host);
        output(at, 10, "10.0.0.1", "hello");
      }),
    );
    printed();
    vi.advanceTimersByTime(29_900);
    expect(printed()).toEqual([]);
    vi.advanceTimersByTime(100);
    const steps = "restart api on 10.0.0.1 (40.0s), restart api on 10.0.0.2 (40.0s), restart api on 10.0.0.3 (40.0s)";
    expect(printed()).toEqual([`still running after 40.0s (wave 1): ${steps} and 2 more steps`]);
    vi.advanceTimersByTime(60_000);
    expect(printed()).toHaveLength(2);
    reader.end();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(120_000);
    expect(printed()).toEqual([]);
  });

  it("is not interrupted with --quiet", () => {
    const { play, printed } = lines({}, true);
    play(eventsOf((at) => started(at)));
    vi.advanceTimersByTime(120_000);
    expect(printed()).toEqual([]);
  });
});

describe("the groups of CI logs", () => {
  const events = eventsOf((at) => {
    const hosts = workers(2);
    started(at);
    at(0, "wave.started", { deployment_seq: 0, jobs: ["api", "100%"] });
    staged(at, 0, hosts, ["api"]);
    for (const host of hosts) actionStarted(at, 1, "start", "api", host);
    output(at, 1, "10.0.0.1", "::set-env name=PATH::/tmp", "##[add-path]/tmp", "\u001b[2J");
    actionFinished(at, 1, "start", "api", "10.0.0.2", { message: "make failed", output: [] });
    actionFinished(at, 1, "start", "api", "10.0.0.1");
    at(2, "wave.started", { deployment_seq: 1, jobs: ["web"] });
    staged(at, 2, hosts, ["web"]);
  });

  function groupsOf(env: Record<string, string>): string {
    const { play, printed, reader } = lines(env);
    play(events);
    reader.end();
    return printed().join("\n");
  }

  it("of GitHub are flat, one per wave; failures are outside, and workflow commands in output are disabled", () => {
    const printed = groupsOf({ GITHUB_ACTIONS: "true" });
    const token = /^::stop-commands::([0-9a-f]{32})$/m.exec(printed)?.[1] ?? "";
    expect(printed.replaceAll(token, "T").split("\n")).toEqual([
      "::stop-commands::T",
      "::T::",
      "::group::wave 1: api, 100%25",
      "::stop-commands::T",
      "ok files of api to 10.0.0.1 900ms",
      "ok files of api to 10.0.0.2 900ms",
      "api@10.0.0.1 | ::set-env name=PATH::/tmp",
      "api@10.0.0.1 | ##[add-path]/tmp",
      "api@10.0.0.1 | \\x1b[2J",
      "::T::",
      "::endgroup::",
      "::stop-commands::T",
      "failed start api@10.0.0.2 1.5s make failed",
      "::T::",
      "::group::wave 1: api, 100%25",
      "::stop-commands::T",
      "ok start api@10.0.0.1 1.5s",
      "::T::",
      "::endgroup::",
      "::stop-commands::T",
      "::T::",
      "::group::wave 2: web",
      "::stop-commands::T",
      "ok files of web to 10.0.0.1 900ms",
      "ok files of web to 10.0.0.2 900ms",
      "::T::",
      "::endgroup::",
      "::stop-commands::T",
      "::T::",
    ]);
  });

  it("contain no failure, not even a count of equal failures", () => {
    const { play, printed, reader } = lines({ GITHUB_ACTIONS: "true" });
    play(
      eventsOf((at) => {
        started(at);
        at(0, "wave.started", { deployment_seq: 0, jobs: ["api"] });
        for (const host of workers(9))
          actionFinished(at, 0, "start", "api", host, { message: `failed on ${host}`, output: [] });
        for (const host of workers(9)) actionFinished(at, 0, "start", "web", host);
        at(0, "wave.started", { deployment_seq: 1, jobs: ["db"] });
      }),
    );
    reader.end();
    let isInside = false;
    const inside: string[] = [];
    for (const line of printed()) {
      if (line.startsWith("::group::")) isInside = true;
      else if (line === "::endgroup::") isInside = false;
      else if (isInside && !line.startsWith("::")) inside.push(line);
    }
    expect(inside.filter((line) => line.includes("failed"))).toEqual([]);
    expect(inside).toContain("ok start web on 6 more workers (10.0.0.4, 10.0.0.5, 10.0.0.6, ...) 1.5s");
  });

  it("of GitHub have a different token in each run", () => {
    const tokens = [1, 2].map(() => ciGroups({ GITHUB_ACTIONS: "true" })?.text(...someEvent()));
    expect(tokens[0]).not.toBe(tokens[1]);
  });

  it("of GitLab are sections that begin and end with the same name", () => {
    const printed = groupsOf({ GITLAB_CI: "true" });
    const marks = [...printed.matchAll(/section_(start|end):(\d+):(maand_\d+)/g)].map(
      ([, what, , name]) => `${what} ${name}`,
    );
    expect(marks).toEqual([
      ...["start maand_1", "end maand_1", "start maand_2", "end maand_2"],
      ...["start maand_3", "end maand_3"],
    ]);
    expect(printed).toContain(`[collapsed=true]\r\u001b[0Kwave 1: api, 100%\n`);
  });

  it("are printed only in these CI systems, and not with --quiet", () => {
    expect(groupsOf({})).not.toContain("group");
    const { play, printed, reader } = lines({ GITHUB_ACTIONS: "true" }, true);
    play(events);
    reader.end();
    expect(printed()).toEqual(["failed start api@10.0.0.2 1.5s make failed"]);
  });
});

function someEvent(): [MaandEvent, string[]] {
  const [event] = eventsOf((at) => started(at));
  if (event === undefined) throw new Error("no event");
  return [event, ["a line"]];
}

describe("lines that arrive together", () => {
  const scene = (at: At) => {
    for (const worker of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) {
      command(at, 1, worker, ["one", "two", worker === "10.0.0.3" ? "differs" : "three", "four", "\u001b[1m"]);
    }
    output(at, 2, "10.0.0.1", ...Array.from({ length: 300 }, (_, line) => `line ${line}`));
  };

  it.each([false, true])(
    "are printed in one write, with the same text as lines that arrive alone (quiet: %s)",
    (quiet) => {
      const events = eventsOf(scene);
      const alone = lines({}, quiet);
      alone.play(events);
      vi.setSystemTime(START);
      const together = lines({}, quiet);
      const written: string[] = [];
      together.stderr.on("data", (chunk: Buffer) => written.push(chunk.toString()));
      for (let from = 0; from < events.length; ) {
        const first = events[from];
        if (first?.type !== "output") {
          together.play(events.slice(from, from + 1));
          from += 1;
          continue;
        }
        const rest = events.slice(from).findIndex((event) => event.type !== "output" || event.worker !== first.worker);
        const group = rest === -1 ? events.slice(from) : events.slice(from, from + rest);
        vi.advanceTimersByTime(Math.max(0, Date.parse(first.at) - Date.now()));
        together.reader.readLines({ first, lines: group.map((event) => (event.type === "output" ? event.line : "")) });
        from += group.length;
      }
      for (const { reader } of [alone, together]) reader.end();
      expect(written.join("").split("\n").slice(0, -1)).toEqual(alone.printed());
      expect(written.filter((text) => text.includes("line 7"))).toHaveLength(quiet ? 0 : 1);
    },
  );
});
