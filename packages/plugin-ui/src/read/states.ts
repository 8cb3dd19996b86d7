import type { Level, StateEntry } from "../contract.ts";

/** A worker that a job is not placed on. */
export const NOT_PLACED = "none";
/** An allocation that a command is working on. */
export const CHANGING = "changing";
/** An allocation whose last command failed and that had no success since then. */
export const FAILED = "failed";

/**
 * States of allocations, most urgent first. Their keys are the states of `maand cat deployments`, and three additional
 * states.
 */
export const STATES: readonly StateEntry[] = [
  { key: "health_failed", sign: "!", text: "health check failed", level: "bad" },
  { key: FAILED, sign: "X", text: "last command failed", level: "bad" },
  { key: "in_doubt", sign: "?", text: "in doubt", level: "bad" },
  { key: "paused", sign: "=", text: "paused", level: "warn" },
  { key: "maintenance", sign: "m", text: "in maintenance", level: "warn" },
  { key: "stopped", sign: "s", text: "stopped, will start", level: "warn" },
  { key: CHANGING, sign: "~", text: "being changed", level: "info" },
  { key: "new", sign: "+", text: "new, will start", level: "info" },
  { key: "restart", sign: "^", text: "will be updated", level: "info" },
  { key: "removed", sign: "x", text: "removed", level: "info" },
  { key: "promoted", sign: "o", text: "promoted", level: "ok" },
  { key: "disabled_restart", sign: "D", text: "disabled, changed", level: "none" },
  { key: "disabled", sign: "d", text: "disabled", level: "none" },
  { key: NOT_PLACED, sign: ".", text: "not placed here", level: "none" },
];

const BY_KEY: ReadonlyMap<string, StateEntry> = new Map(STATES.map((state) => [state.key, state]));

/** The state with a key. An unknown key counts as needing attention. */
export function stateOf(key: string): StateEntry {
  return BY_KEY.get(key) ?? { key, sign: "?", text: key.replaceAll("_", " "), level: "warn" };
}

/** Levels, the most urgent first. */
const LEVELS: readonly Level[] = ["bad", "warn", "info", "ok", "none"];

/** Orders levels, the most urgent first. */
export function byUrgency(one: Level, other: Level): number {
  return LEVELS.indexOf(one) - LEVELS.indexOf(other);
}

/** The most urgent level; `none` without levels. */
export function mostUrgent(levels: Iterable<Level>): Level {
  return [...levels].sort(byUrgency)[0] ?? "none";
}
