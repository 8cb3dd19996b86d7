import { describe, expect, it } from "vitest";
import { failureGroups } from "./failure-groups.ts";
import { foldEvents } from "./fold-event.ts";
import type { RunEvent } from "./run-event.ts";
import { RunHistory } from "./run-history.ts";
import { viewAt } from "./run-view.ts";

/** Events of a run in order. Their numbers and times follow from their positions, one second each. */
function run(...events: readonly Omit<RunEvent, "seq" | "at">[]): RunEvent[] {
  return events.map((event, at) => ({
    seq: at + 1,
    at: new Date(Date.UTC(2026, 0, 31, 12, 0, at)).toISOString(),
    ...event,
  }));
}

const action = (type: "started" | "finished", worker: string, outcome?: string) => ({
  ...{ type: `action.${type}`, job: "api", worker, action: "restart", message: outcome === "failed" ? "exit 2" : null },
  ...(outcome === undefined ? {} : { outcome, output: outcome === "failed" ? [`boom on ${worker}`] : [] }),
});

/** A deploy of api in two batches; the second one fails on one of its two workers. */
const FAILING = run(
  { type: "run.started", command: "deploy" },
  { type: "wave.started", jobs: ["api", "web"] },
  { type: "job.started", job: "api", allocations: 4 },
  { type: "batch.started", job: "api", index: 0, count: 2, phase: "update", workers: ["w1", "w2"] },
  action("started", "w1"),
  action("finished", "w1", "ok"),
  action("started", "w2"),
  action("finished", "w2", "ok"),
  { type: "batch.promoted", job: "api", index: 0, count: 2, workers: ["w1", "w2"] },
  { type: "batch.started", job: "api", index: 1, count: 2, phase: "update", workers: ["w3", "w4"] },
  action("started", "w3"),
  action("started", "w4"),
  action("finished", "w3", "failed"),
  action("finished", "w4", "ok"),
  { type: "job.finished", job: "api", outcome: "failed", message: "1 allocation failed" },
  { type: "job.blocked", job: "web", by: "api" },
  {
    type: "run.finished",
    outcome: "failed",
    message: null,
    allocations: [{ job: "web", worker_ip: "w1", outcome: "blocked", message: "depends on api" }],
    failures: [
      { job: "api", message: "1 allocation failed" },
      { job: "api", message: "restart failed on w3", output: ["boom on w3"] },
    ],
  },
);

function folded(events: readonly RunEvent[]): RunHistory {
  const history = new RunHistory();
  foldEvents(history, events);
  return history;
}

describe("a run", () => {
  const states = (seq: number) => viewAt(folded(FAILING), seq).jobs[0]?.batches.map(({ state }) => state);

  it("shows a batch as failed as soon as one of its allocations failed", () => {
    expect([4, 8, 9, 12, 13].map(states)).toEqual([
      ["running"],
      ["running"],
      ["ok"],
      ["ok", "running"],
      ["ok", "failed"],
    ]);
  });

  it("can be shown as it was after each of its events", () => {
    const whole = folded(FAILING);
    for (let seq = 1; seq <= FAILING.length; seq += 1)
      expect(viewAt(whole, seq)).toEqual(viewAt(folded(FAILING.slice(0, seq)), seq));
  });

  it("is the same if events arrive one by one or twice", () => {
    const twice = new RunHistory();
    for (const event of FAILING) foldEvents(twice, [event]);
    foldEvents(twice, FAILING.slice(5, 12));
    expect(twice).toEqual(folded(FAILING));
  });

  it("includes allocations without events of their own", () => {
    const { jobs } = viewAt(folded(FAILING), FAILING.length);
    expect(jobs.map(({ name, state, counts }) => [name, state.state, counts])).toEqual([
      [
        "api",
        "failed",
        [
          ["failed", 1],
          ["ok", 3],
        ],
      ],
      ["web", "blocked", [["blocked", 1]]],
    ]);
  });

  it("shows each failure once, with its last lines", () => {
    const { failures } = viewAt(folded(FAILING), FAILING.length);
    expect(failures.map(({ job, worker, message, output }) => [job, worker, message, output])).toEqual([
      ["api", "w3", "exit 2", ["boom on w3"]],
      ["api", "", "1 allocation failed", []],
    ]);
  });

  it("shows open batches as interrupted after an interruption", () => {
    const events = [...FAILING.slice(0, 11), { ...(FAILING.at(-1) as RunEvent), seq: 12, outcome: "interrupted" }];
    expect(viewAt(folded(events), 12).jobs[0]?.batches.map(({ state }) => state)).toEqual(["ok", "interrupted"]);
  });

  it("ignores unknown events of a newer maand", () => {
    const events = run({ type: "run.started", command: "deploy" }, { type: "moon.rose", job: "api" });
    expect(viewAt(folded(events), 2)).toMatchObject({ seq: 2, jobs: [], failures: [] });
  });

  it("shows scripts and maintenance like jobs, with their workers", () => {
    const events = run(
      { type: "script.planned", workers: ["w1", "w2"] },
      { type: "script.started", worker: "w1" },
      { type: "script.finished", worker: "w1", outcome: "failed", message: "exit 1" },
      { type: "maintenance.worker", worker: "w2", state: "set_aside", step: "reboot", message: "did not come back" },
    );
    const { jobs, failures } = viewAt(folded(events), 4);
    expect(jobs.map(({ name, counts }) => [name, counts])).toEqual([
      [
        "script",
        [
          ["failed", 1],
          ["waiting", 1],
        ],
      ],
      ["maintenance", [["failed", 1]]],
    ]);
    expect(failures.map(({ what, worker }) => `${what} ${worker}`)).toEqual(["script w1", "maintenance (reboot) w2"]);
  });
});

it("the same failure on several workers is shown once", () => {
  const workers = ["w1", "w2", "w3"];
  const events = run(...workers.map((worker) => action("finished", worker, "failed")));
  const groups = failureGroups(viewAt(folded(events), 3).failures);
  expect(groups.map((group) => group.workers)).toEqual([workers]);
});
