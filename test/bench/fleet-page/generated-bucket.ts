import type { FleetAnswer, SessionAnswer, StatusAnswer } from "../../../packages/plugin-ui/src/contract.ts";

/**
 * The states of allocations in a fleet with many problems. `upTo` is the cumulative share of this state and all
 * previous states.
 */
const STATES = [
  { key: "promoted", sign: ".", text: "runs the promoted version", level: "ok", upTo: 0.9 },
  { key: "restart", sign: "r", text: "will be updated", level: "info", upTo: 0.94 },
  { key: "none", sign: " ", text: "not placed here", level: "none", upTo: 0.98 },
  { key: "disabled", sign: "d", text: "disabled", level: "none", upTo: 0.99 },
  { key: "paused", sign: "p", text: "paused", level: "warn", upTo: 0.996 },
  { key: "health_failed", sign: "h", text: "health check failed", level: "bad", upTo: 0.998 },
  { key: "in_doubt", sign: "?", text: "in doubt", level: "bad", upTo: 1 },
] as const;

/** Returns a generator of pseudo-random numbers from 0 to 1, which depend only on the seed. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const LEVELS = ["bad", "warn", "info", "none", "ok"] as const;

/** A generated fleet of this size. Another `seed` gives the same fleet in another state. */
export function generatedFleet(workers: number, jobs: number, seed = 1): FleetAnswer {
  const next = numbers(7);
  const moment = numbers(seed);
  const pick = () => {
    const chance = (next() * 9 + moment()) % 1;
    return STATES.find(({ upTo }) => chance < upTo) ?? STATES[0];
  };
  const rows = Array.from({ length: workers }, (_, at) => {
    const cells = Array.from({ length: jobs }, pick);
    return {
      host: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
      hostname: `node-${at}`,
      position: at,
      zone: `zone-${at % 3}`,
      labels: at % 10 === 0 ? ["worker", "edge"] : ["worker"],
      note: null,
      level: LEVELS.find((level) => cells.some((cell) => cell.level === level)) ?? "ok",
      cells: cells.map(({ sign }) => sign).join(""),
    };
  });
  const count = (job: number, sign: string) => rows.filter(({ cells }) => cells[job] === sign).length;
  return {
    seq: seed,
    at: "2026-01-31T03:00:00.000Z",
    states: STATES.map(({ key, sign, text, level }) => ({ key, sign, text, level })),
    jobs: Array.from({ length: jobs }, (_, job) => ({
      name: `service-${job}`,
      wave: job >> 4,
      running: ["1.4.0"],
      target: "1.4.0",
      held: false,
      counts: Object.fromEntries(STATES.map(({ key, sign }) => [key, count(job, sign)])),
    })),
    workers: rows,
    total: workers,
    all: workers,
    next: null,
    labels: ["edge", "worker"],
    zones: ["zone-0", "zone-1", "zone-2"],
  };
}

export const SESSION: SessionAnswer = {
  bucket: { id: "7d3f", name: "prod", directory: "/srv/bucket" },
  version: "0.1.0",
  allow: [],
  user: "operator",
  live: true,
  csrf: "none",
  exported: null,
};

/** The status of a generated fleet. */
export function generatedStatus(fleet: FleetAnswer): StatusAnswer {
  const allocations = fleet.jobs.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
  return {
    ...{ workers: fleet.all, jobs: fleet.jobs.length, allocations, unbuilt: [], running: null, maintenance: null },
    last_run: { command: "deploy", outcome: "failed", started_at: fleet.at },
    attention: [
      {
        kind: "unhealthy",
        level: "bad",
        texts: ["service-3 on 10.0.0.8: health check http failed"],
        next: "maand status",
      },
    ],
    job_states: [],
  };
}
