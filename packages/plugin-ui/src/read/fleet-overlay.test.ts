import type { MaandEvent } from "@maand/core";
import { expect, it } from "vitest";
import { FleetOverlay } from "./fleet-overlay.ts";
import type { FleetPicture } from "./fleet-picture.ts";

const worker = { hostname: null, position: 0, zone: null, labels: [], note: null, level: "info" } as const;
const job = { wave: 0, running: ["1.0.0"], target: "2.0.0", held: false };
/** Two workers, on which both jobs are to be updated. */
const PICTURE: FleetPicture = {
  jobs: [
    { ...job, name: "api", counts: { restart: 2 } },
    { ...job, name: "web", counts: { restart: 1, none: 1 } },
  ],
  workers: [
    { ...worker, host: "w1", cells: "^^" },
    { ...worker, host: "w2", cells: "^." },
  ],
  labels: [],
  zones: [],
};

const head = { seq: 1, at: "2026-01-31T12:00:00.000Z", run: "r" };
const started = (host: string, action = "restart"): MaandEvent => ({
  ...{ ...head, type: "action.started", job: "api", worker: host, action },
  ...{ current_version: "1.0.0", new_version: "2.0.0", resumes: null },
});
const failed = (host: string, outcome: "failed" | "disconnected" = "failed"): MaandEvent => ({
  ...{ ...head, type: "action.finished", job: "api", worker: host, action: "restart", outcome },
  ...{ exit: 1, message: null, output: [], duration_ms: 1 },
});
const promoted = (...workers: readonly string[]): MaandEvent => ({
  ...{ ...head, type: "batch.promoted", job: "api", index: 0, count: 2, workers },
});

/** The cells of the workers, and the counts of the first job, after some events. */
function after(...events: readonly MaandEvent[]) {
  const overlay = new FleetOverlay();
  for (const event of events) overlay.add(event);
  const { workers, jobs } = overlay.over(PICTURE);
  return [workers.map(({ cells }) => cells), jobs[0]?.counts];
}

it("the fleet shows and counts running changes and promotions from events", () => {
  expect(after(started("w1"))).toEqual([["~^", "^."], { restart: 1, changing: 1 }]);
  expect(after(started("w1"), promoted("w1"), started("w2"))).toEqual([
    ["o^", "~."],
    { restart: 0, promoted: 1, changing: 1 },
  ]);
});

it("the fleet shows a failed command immediately", () => {
  expect(after(started("w1"), failed("w1"))).toEqual([["X^", "^."], { restart: 1, failed: 1 }]);
});

it("the fleet shows unknown results and stops only after the next read of the store", () => {
  expect(after(started("w1"), failed("w1", "disconnected"))).toEqual([["^^", "^."], { restart: 2 }]);
  expect(after(started("w1", "stop"))).toEqual([["^^", "^."], { restart: 2 }]);
});

it("the urgency of a worker follows its shown states, and unknown workers in events are ignored", () => {
  const overlay = new FleetOverlay();
  overlay.add(promoted("w2", "w9"));
  expect(overlay.over(PICTURE).workers.map(({ level }) => level)).toEqual(["info", "ok"]);
  overlay.clear();
  expect(overlay.over(PICTURE)).toBe(PICTURE);
});
