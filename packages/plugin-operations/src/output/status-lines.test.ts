import { styleFor } from "@maand/command";
import type { Deployment } from "@maand/core/readonly";
import { describe, expect, it } from "vitest";
import type { BucketStatus } from "../status/bucket-status.ts";
import { type StatusScreen, statusLines } from "./status-lines.ts";
import { statusRecord } from "./status-record.ts";

const NOW = new Date("2030-01-01T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();

const EMPTY: BucketStatus = {
  ...{ workers: 0, jobs: 0, allocations: 0, isBuilt: true, unbuilt: [], deployments: [], leftBehind: [] },
  ...{ pending: [], inDoubt: [], unhealthy: [], drained: [], drifted: [], held: [], rollouts: [] },
  ...{ maintenance: undefined, certificates: [], running: undefined, lastRun: undefined },
};

const RUN = { number: 7, id: "3f2a51c0-0000", command: "deploy", startedAt: ago(5), finishedAt: ago(4), outcome: "ok" };

function deployment(
  job: string,
  host: string,
  rollout: Deployment["rollout"],
  more: Partial<Deployment> = {},
): Deployment {
  return {
    ...{ job, host, id: `${job}@${host}`, rollout, currentDigest: "a", promotedDigest: rollout === "new" ? null : "a" },
    ...{
      currentVersion: "1.0.0",
      newVersion: "1.0.0",
      disabled: false,
      removed: false,
      inDoubt: false,
      failed: false,
      held: null,
      step: null,
    },
    ...more,
  };
}

/** A status whose lists of units are derived from its deployments, as when it is read from a store. */
function fleet(deployments: readonly Deployment[], more: Partial<BucketStatus> = {}): BucketStatus {
  const units = (of: (one: Deployment) => boolean) =>
    deployments.filter(of).map(({ job, host, rollout }) => ({ job, host, state: rollout }));
  return {
    ...EMPTY,
    workers: new Set(deployments.map(({ host }) => host)).size,
    jobs: new Set(deployments.map(({ job }) => job)).size,
    allocations: deployments.length,
    deployments,
    pending: units(({ rollout }) => !["promoted", "disabled", "health_failed"].includes(rollout)),
    inDoubt: units(({ inDoubt }) => inDoubt),
    unhealthy: units(({ rollout }) => rollout === "health_failed"),
    lastRun: RUN,
    ...more,
  };
}

function lines(status: BucketStatus, screen: Partial<StatusScreen> = {}): string[] {
  return statusLines(status, { name: "prod", now: NOW, style: styleFor({}, {}, true), ...screen });
}

const hosts = (count: number) => [...Array(count).keys()].map((at) => `10.0.0.${at + 1}`);
const HEALTHY = fleet(["api", "db"].flatMap((job) => hosts(3).map((host) => deployment(job, host, "promoted"))));

const BAD_NIGHT = fleet(
  [
    deployment("api", "10.0.0.1", "promoted", { currentVersion: "1.1.0", newVersion: "1.1.0" }),
    ...["10.0.0.2", "10.0.0.3"].map((host) => deployment("api", host, "restart", { newVersion: "1.1.0" })),
    deployment("db", "10.0.0.1", "health_failed"),
    deployment("db", "10.0.0.2", "in_doubt", { inDoubt: true }),
    deployment("db", "10.0.0.3", "disabled", { disabled: true }),
    deployment("old", "10.0.0.1", "removed", { removed: true }),
  ],
  {
    unbuilt: ["jobs/api", "workers.json"],
    leftBehind: [{ host: "10.0.0.3", since: ago(300), lastAt: ago(10), reason: "connection refused", times: 3 }],
    drained: ["10.0.0.3"],
    drifted: [{ job: "api", host: "10.0.0.1", reason: "the same difference was repaired 3 times" }],
    held: [
      {
        job: "web",
        text: "web is held: r2 (2.0.0) was reverted; the hold ends with maand deploy --jobs web --release r2",
      },
    ],
    certificates: [
      { job: null, worker: null, cert: "ca", daysLeft: 40 },
      { job: "api", worker: "10.0.0.1", cert: "tls", daysLeft: -2 },
      { job: "api", worker: "10.0.0.2", cert: "tls", daysLeft: -2 },
    ],
    lastRun: { ...RUN, outcome: "failed" },
  },
);

describe("maand status", () => {
  it("names the next command of a new bucket", () => {
    expect(lines({ ...EMPTY, isBuilt: false })).toEqual([
      "prod: 0 workers, 0 jobs, 0 allocations",
      "unbuilt      the workspace was not built yet",
      "             next: maand deploy --build  # once it has workers and a job",
    ]);
  });

  it("prints a short summary of a healthy fleet", () => {
    expect(lines(HEALTHY, { columns: 80, rows: 24 })).toEqual([
      "prod: 3 workers, 2 jobs, 6 allocations; last run: deploy ok, 5m ago",
      "nothing needs attention",
      "",
      "JOB  VERSION  STATE",
      "api  1.0.0    3 promoted",
      "db   1.0.0    3 promoted",
    ]);
  });

  it("lists all problems of a fleet, the most urgent first, with the next commands", () => {
    expect(lines(BAD_NIGHT)).toEqual([
      "prod: 3 workers, 3 jobs, 7 allocations; last run: deploy failed, 5m ago",
      "failed       maand deploy failed, 5m ago",
      "             next: maand logs show --run 3f2a51c0",
      "in doubt     db on 10.0.0.2: the result of its last command is unknown",
      "             next: maand deploy --jobs db",
      "unhealthy    db on 10.0.0.1",
      "             next: maand health_check --jobs db",
      "left behind  10.0.0.3 for 5h, by 3 deploys: connection refused",
      "             next: maand deploy  # once it can be reached again",
      "drifted      api on 10.0.0.1: the same difference was repaired 3 times",
      "             next: maand drift --diff",
      "certificate  the certificate authority expires in 40 days",
      "certificate  tls of api on 10.0.0.1, 10.0.0.2 expired 2 days ago",
      "             next: maand cat certs",
      "held         web is held: r2 (2.0.0) was reverted; the hold ends with maand deploy --jobs web --release r2",
      "drained      10.0.0.3",
      "             next: maand deploy --build  # after you took it out of workspace/disabled.json",
      "unbuilt      the workspace is newer than the build: jobs/api, workers.json",
      "             next: maand deploy --build",
      "pending      api: restart on 10.0.0.2, 10.0.0.3 (1.0.0 to 1.1.0)",
      "pending      old: stop and remove on 10.0.0.1",
      "             next: maand deploy --build --dry-run  # shows what a deploy does",
      "",
      "JOB  VERSION         STATE",
      "api  1.0.0 to 1.1.0  1 promoted, 2 restart",
      "db   1.0.0           1 health failed, 1 in doubt, 1 disabled",
      "old                  1 removed",
    ]);
  });

  it.each([40, 80, 120])("fits %d columns, and never wraps commands", (columns) => {
    const shown = lines(BAD_NIGHT, { columns });
    expect(shown.filter((line) => line.length > columns && !line.includes("next: "))).toEqual([]);
    expect(shown.filter((line) => line.includes("next: ")).length).toBe(9);
    expect(shown).toContain(`${columns < 60 ? "  " : "             "}next: maand health_check --jobs db`);
  });

  it("prints each text below its heading in 40 columns", () => {
    expect(lines(BAD_NIGHT, { columns: 40 }).slice(0, 8)).toEqual([
      "prod: 3 workers, 3 jobs, 7 allocations;",
      "last run: deploy failed, 5m ago",
      "failed",
      "  maand deploy failed, 5m ago",
      "  next: maand logs show --run 3f2a51c0",
      "in doubt",
      "  db on 10.0.0.2: the result of its last",
      "  command is unknown",
    ]);
  });

  it("fits a large fleet on one screen, because it only counts promoted jobs", () => {
    const jobs = [...Array(50).keys()].map((at) => `job-${String(at).padStart(2, "0")}`);
    const status = fleet(
      jobs.flatMap((job) =>
        hosts(64).map((host, at) => deployment(job, host, job === "job-40" && at > 60 ? "restart" : "promoted")),
      ),
    );
    const shown = lines(status, { columns: 80, rows: 24 });
    expect(shown.length).toBeLessThanOrEqual(23);
    expect(shown).toContain("pending      job-40: restart on 10.0.0.62, 10.0.0.63, 10.0.0.64");
    expect(shown).toContain("job-40  1.0.0    61 promoted, 3 restart");
    expect(shown.at(-1)).toMatch(/^and \d+ more jobs, promoted everywhere$/);
  });

  it("counts the lines of one kind that do not fit on the screen", () => {
    const many = fleet([...Array(9).keys()].map((at) => deployment(`job-${at}`, "10.0.0.1", "health_failed")));
    const shown = lines(many, { columns: 80, rows: 40 });
    expect(shown.filter((line) => line.startsWith("unhealthy"))).toHaveLength(4);
    expect(shown).toContain("unhealthy    and 6 more");
    expect(lines(many).filter((line) => line.startsWith("unhealthy"))).toHaveLength(9);
  });

  it("does not report a run in progress as failed, but reports a run that ended without a result", () => {
    const lastRun = { ...RUN, outcome: null, finishedAt: null };
    const running = { pid: 42, command: "deploy", since: ago(5) };
    expect(lines({ ...HEALTHY, lastRun, running }).slice(0, 3)).toEqual([
      "prod: 3 workers, 2 jobs, 6 allocations",
      "running      maand deploy holds the lock, for 5m (process 42)",
      "             next: maand logs show --follow",
    ]);
    expect(lines({ ...HEALTHY, lastRun })).toContain("failed       maand deploy ended without a result, 5m ago");
  });

  it("inflects the comments of the next commands for several workers", () => {
    const [first] = BAD_NIGHT.leftBehind;
    const leftBehind = first ? [first, { ...first, host: "10.0.0.2" }] : [];
    const shown = lines({ ...BAD_NIGHT, leftBehind, drained: ["10.0.0.2", "10.0.0.3"] });
    expect(shown).toContain("             next: maand deploy  # once they can be reached again");
    expect(shown).toContain(
      "             next: maand deploy --build  # after you took them out of workspace/disabled.json",
    );
  });

  it("suggests no deploy for an allocation in doubt while a deploy runs", () => {
    const shown = lines({ ...BAD_NIGHT, running: { pid: 42, command: "deploy", since: ago(1) } });
    expect(shown.slice(1, 3)).toEqual([
      "running      maand deploy holds the lock, for 60s (process 42)",
      "             next: maand logs show --follow",
    ]);
    expect(shown).toContain("in doubt     db on 10.0.0.2: its command has no result yet");
    expect(shown.join("\n")).not.toContain("maand deploy --jobs db");
  });

  it("has stable JSON keys, and next commands without comments", () => {
    const record = statusRecord(BAD_NIGHT, NOW);
    expect(Object.keys(record).slice(0, 8)).toEqual([
      "workers",
      "jobs",
      "allocations",
      "left_behind",
      "pending",
      "in_doubt",
      "unhealthy",
      "drained",
    ]);
    expect(record.last_run).toEqual({ command: "deploy", outcome: "failed", started_at: ago(5) });
    expect(record.attention.find(({ kind }) => kind === "left_behind")).toEqual({
      ...{ kind: "left_behind", level: "bad", next: "maand deploy" },
      texts: ["10.0.0.3 for 5h, by 3 deploys: connection refused"],
    });
    expect(record.job_states[0]).toEqual({
      ...{ job: "api", running: ["1.0.0", "1.1.0"], target: "1.1.0", states: { promoted: 1, restart: 2 } },
    });
  });
});
