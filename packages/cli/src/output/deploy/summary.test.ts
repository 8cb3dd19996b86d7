import { styleFor } from "@maand/command";
import { type Summary, summaryRecord } from "@maand/core";
import type { AllocationResult } from "@maand/core/internal";
import { describe, expect, it } from "vitest";
import { wrapped } from "../wrap.ts";
import { summaryLines } from "./summary.ts";

const style = styleFor({}, {}, true);

function output(summary: Partial<Summary>): string {
  const whole: Summary = {
    outcome: "failed",
    allocations: [],
    failures: [],
    blocked: [],
    paused: [],
    warnings: [],
    unbuilt: [],
    ...summary,
  };
  const event = {
    ...summaryRecord(whole),
    seq: 1,
    at: "",
    run: "r",
    type: "run.finished" as const,
    message: null,
    duration_ms: 1500,
  };
  return summaryLines(event, style).join("\n");
}

function result(job: string, last: number, more: Partial<AllocationResult> = {}): AllocationResult {
  return { job, host: `10.0.0.${last}`, action: "restart", outcome: "ok", promoted: true, ...more };
}

describe("the summary of a deploy", () => {
  it("has one line for a successful job, and omits unchanged jobs", () => {
    const allocations = [1, 2, 3].map((last) => result("api", last));
    const unchanged = result("db", 1, { action: "skip", outcome: "skipped" });
    expect(output({ outcome: "ok", allocations: [...allocations, unchanged] })).toBe(
      "\n  api: restarted on 3 workers\ndeploy done: 3 promoted, 1 unchanged in 1.5s",
    );
    expect(output({ outcome: "ok", allocations: [unchanged] })).toBe("deploy done: 0 promoted, 1 unchanged in 1.5s");
  });

  it("names the plugin that led a rollout instead of an action", () => {
    const led = { action: "orchestrate", ledBy: "canary" };
    const text = output({ allocations: [result("api", 1), result("api", 2, led), result("api", 3, led)] });
    expect(text).toContain("  api:\n    restarted on 1 worker\n    plugin canary led the rollout on 2 workers\n");
    const sick = output({
      allocations: [result("api", 2, { ...led, outcome: "failed", message: "api is not healthy" })],
    });
    expect(sick).toContain("  api: plugin canary led the rollout on 10.0.0.2, not healthy: api is not healthy\n");
  });

  it("groups equal failures, with their last lines, the skipped workers, and the next command", () => {
    const failed = (last: number) =>
      result("api", last, {
        outcome: "failed",
        promoted: false,
        message: `make restart of api on 10.0.0.${last} failed with exit code 2`,
        output: ["one", "two", "three", "four"],
      });
    const left = result("api", 4, { outcome: "blocked", promoted: false });
    const job = {
      job: "api",
      code: "COMMAND_FAILED",
      message: `batch 1 of 2 of api failed: ${failed(2).message}`,
    } as const;
    expect(output({ allocations: [result("api", 1), failed(2), failed(3), left], failures: [job] })).toBe(
      [
        "",
        "  api:",
        "    restarted on 1 worker",
        "    restart failed on 10.0.0.2, 10.0.0.3: make restart of api failed with exit code 2",
        "      | two",
        "      | three",
        "      | four",
        "    skipped on 10.0.0.4: an earlier batch failed",
        "deploy failed: 1 promoted, 0 unchanged, 2 failed, 1 skipped in 1.5s",
        "  next: fix api, then run maand deploy --build to resume",
      ].join("\n"),
    );
  });

  it("prints the hint of a failed cleanup, with the workers", () => {
    const hint = "fix target stop in /opt/worker/b/jobs/api/Makefile on 10.0.0.10";
    const stuck = [10, 2].map((last) =>
      result("api", last, { action: "remove", outcome: "failed", promoted: false, message: "exit code 2", hint }),
    );
    expect(output({ allocations: stuck })).toBe(
      [
        "",
        "  api:",
        "    remove failed on 10.0.0.2, 10.0.0.10: exit code 2",
        `      hint: ${hint.replace("10.0.0.10", "10.0.0.2, 10.0.0.10")}`,
        "deploy failed: 0 promoted, 0 unchanged, 2 failed in 1.5s",
        "  next: fix the cleanup of api on 10.0.0.2, 10.0.0.10, then run maand deploy to resume",
      ].join("\n"),
    );
  });

  it("prints the message and hint of a failed hook once per batch", () => {
    const message = "command_report of api failed";
    const hint = "fix _modules/command_report.py";
    const failed = [1, 2].map((last) => result("api", last, { outcome: "failed", promoted: false, message, hint }));
    const text = output({ allocations: failed, failures: [{ job: "api", code: "HOOK_FAILED", message, hint }] });
    expect(text.split(hint).length).toBe(2);
    expect(text.split(message).length).toBe(2);
  });

  it("prints the result of a health check that an earlier run left pending", () => {
    const checked = [1, 2].map((last) => result("api", last, { action: "verify" }));
    expect(output({ outcome: "ok", allocations: checked })).toContain(
      "\n  api: healthy on 2 workers; its health was not checked: the last run ended before the check\n",
    );
    const unhealthy = checked.map((one) => ({ ...one, outcome: "failed" as const, message: "api is sick" }));
    expect(output({ allocations: unhealthy })).toContain(
      "\n  api: its health was not checked: the last run ended before the check; not healthy on 10.0.0.1, 10.0.0.2: api is sick\n",
    );
  });

  it("names the worker, not the job, if a worker is unreachable", () => {
    const away = (job: string, number: number) =>
      result(job, number, { outcome: "unreachable", promoted: false, message: "cannot reach it" });
    const next = /next: (.*), then/;
    expect(next.exec(output({ allocations: [away("api", 1), away("db", 1)] }))?.[1]).toBe("fix 10.0.0.1");
    const failed = result("api", 2, { outcome: "failed", promoted: false, message: "exit code 2" });
    expect(next.exec(output({ allocations: [failed, away("db", 1)] }))?.[1]).toBe("fix api and 10.0.0.1");
  });

  it("names every failed worker in the next command, however many there are", () => {
    const hosts = [...Array(9).keys()].map((last) => `10.0.0.${last + 1}`);
    const failed = hosts.map((host, at) =>
      result("api", at + 1, {
        ...{ outcome: "unreachable", promoted: false, message: `the host key of ${host} is not pinned` },
        hint: `maand worker trust --workers ${host}`,
      }),
    );
    const text = output({ allocations: failed });
    expect(text).toContain(`hint: maand worker trust --workers ${hosts.join(",")}\n`);
    expect(text).toContain(`next: fix ${hosts.slice(0, -1).join(", ")} and 10.0.0.9, then run maand deploy to resume`);
  });

  it("shows a refused job as skipped", () => {
    const left = result("api", 1, { outcome: "blocked", promoted: false });
    const refused = { job: "api", code: "NOT_PERMITTED", message: "it is Friday" } as const;
    expect(output({ allocations: [left], failures: [refused] })).toContain(
      "\n    failed: it is Friday\n    skipped on 10.0.0.1: not permitted\n",
    );
  });

  it("names every worker of equal failures in the command that their hint suggests", () => {
    const failed = (last: number) =>
      result("api", last, {
        outcome: "failed",
        promoted: false,
        message: "exit code 2",
        hint: `record that: maand job stop api --allocations 10.0.0.${last} --mark-stopped`,
      });
    expect(output({ allocations: [failed(1), failed(2)] })).toContain("--allocations 10.0.0.1,10.0.0.2 --mark-stopped");
  });

  it("shows the other allocations of a job as skipped after a failed stop", () => {
    const left = result("api", 1, { outcome: "blocked", promoted: false });
    const stuck = result("api", 2, { action: "stop", outcome: "failed", promoted: false, message: "exit code 2" });
    expect(output({ allocations: [stuck, left] })).toContain(
      "\n    stop failed on 10.0.0.2: exit code 2\n    skipped on 10.0.0.1: the job could not be stopped on 10.0.0.2\n",
    );
  });

  it("distinguishes an unhealthy job from one that did not restart, and prints the reason once", () => {
    const unhealthy = (last: number) =>
      result("web", last, { outcome: "failed", message: "web is not healthy: 10.0.0.1 says no" });
    expect(output({ allocations: [unhealthy(1), unhealthy(2)] })).toContain(
      "\n  web: restarted on 10.0.0.1, 10.0.0.2, not healthy: web is not healthy: 10.0.0.1 says no\n",
    );
  });

  it("names the job that another job waits for, below the failures", () => {
    const allocations = [
      result("api", 1, { outcome: "blocked", promoted: false }),
      result("db", 1, { outcome: "unreachable", promoted: false, message: "10.0.0.1 cannot be reached" }),
    ];
    expect(output({ allocations, blocked: [{ job: "api", by: "db" }] })).toBe(
      [
        "",
        "  db: restart unreachable on 10.0.0.1: 10.0.0.1 cannot be reached",
        "  api: blocked: it depends on db, which failed",
        "deploy failed: 0 promoted, 0 unchanged, 1 failed, 1 skipped in 1.5s",
        "  next: fix 10.0.0.1, then run maand deploy to resume",
      ].join("\n"),
    );
  });

  it("prints a failure of a whole job, such as a hook after its rollout, with its last lines of output", () => {
    const failures = [
      {
        job: "api",
        code: "HOOK_FAILED",
        message: "post_deploy failed",
        hint: "fix it",
        output: ["Traceback"],
      } as const,
    ];
    expect(output({ allocations: [result("api", 1)], failures })).toContain(
      "  api:\n    restarted on 1 worker\n    failed: post_deploy failed\n      | Traceback\n      hint: fix it\n",
    );
  });

  it("abbreviates a long list of workers", () => {
    const allocations = [...Array(9).keys()].map((last) =>
      result("api", last, { outcome: "blocked", promoted: false }),
    );
    expect(output({ allocations })).toContain(
      "skipped on 10.0.0.0, 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 and 4 more workers",
    );
  });
});

describe("lines on a terminal", () => {
  it("are wrapped at words, and continuation lines are indented", () => {
    expect(wrapped(["    restart failed on 10.0.0.1: make restart of api failed"], 42)).toEqual([
      "    restart failed on 10.0.0.1: make",
      "      restart of api failed",
    ]);
  });
  it("are not wrapped in a file, or if a single word is too long", () => {
    const long = `  ${"x".repeat(90)}`;
    expect([wrapped([`${long} y`], undefined), wrapped([long], 80)]).toEqual([[`${long} y`], [long]]);
  });
  it("are wrapped at their width without colour codes", () => {
    const line = `\u001b[31m${"x".repeat(39)}\u001b[39m`;
    expect(wrapped([line], 40)).toEqual([line]);
  });
});
