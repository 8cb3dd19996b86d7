import type { Level } from "../../src/contract.ts";

/**
 * Levels, the most urgent first. Colours follow from the level of a state; its symbol follows from the state itself.
 */
export const LEVELS: readonly Level[] = ["bad", "warn", "info", "none", "ok"];

/** The shown form of a state: a symbol that no other state of its list has, a level, and words. */
export interface StateSign {
  readonly sign: string;
  readonly level: Level;
  readonly text: string;
}

/** States of allocations, as `maand cat deployments` names them, the most urgent first. */
export const ALLOCATION_SIGNS: Readonly<Record<string, StateSign>> = {
  health_failed: { sign: "✚", level: "bad", text: "health check failed" },
  failed: { sign: "✗", level: "bad", text: "last command failed" },
  in_doubt: { sign: "?", level: "bad", text: "in doubt" },
  paused: { sign: "=", level: "warn", text: "paused" },
  maintenance: { sign: "▼", level: "warn", text: "in maintenance" },
  stopped: { sign: "■", level: "warn", text: "stopped, will start" },
  changing: { sign: "▸", level: "info", text: "being changed" },
  removed: { sign: "−", level: "info", text: "will be removed" },
  new: { sign: "+", level: "info", text: "new, will start" },
  restart: { sign: "↻", level: "info", text: "will be updated" },
  disabled_restart: { sign: "◇", level: "none", text: "disabled, changed" },
  disabled: { sign: "○", level: "none", text: "disabled" },
  promoted: { sign: "•", level: "ok", text: "promoted" },
  none: { sign: "", level: "none", text: "not placed here" },
};

/** States of jobs, batches and allocations within a run. */
export const RUN_SIGNS: Readonly<Record<string, StateSign>> = {
  failed: { sign: "✗", level: "bad", text: "failed" },
  unreachable: { sign: "⊘", level: "bad", text: "unreachable" },
  timed_out: { sign: "◔", level: "bad", text: "timed out" },
  disconnected: { sign: "≠", level: "bad", text: "disconnected" },
  revert_failed: { sign: "‼", level: "bad", text: "revert failed" },
  refused: { sign: "⊗", level: "bad", text: "refused" },
  unknown: { sign: "?", level: "bad", text: "ended without a result" },
  interrupted: { sign: "◫", level: "warn", text: "interrupted" },
  reverting: { sign: "◂", level: "warn", text: "reverting" },
  reverted: { sign: "↺", level: "warn", text: "reverted" },
  blocked: { sign: "!", level: "warn", text: "blocked" },
  paused: { sign: "=", level: "warn", text: "paused" },
  running: { sign: "▸", level: "info", text: "running" },
  waiting: { sign: "·", level: "none", text: "not begun" },
  skipped: { sign: "–", level: "none", text: "nothing to do" },
  ok: { sign: "✓", level: "ok", text: "done" },
};

/** The symbol of a state. An unknown state, from a newer maand, is shown with its own name. */
export function signOf(table: Readonly<Record<string, StateSign>>, state: string): StateSign {
  return Object.hasOwn(table, state) ? (table[state] as StateSign) : { sign: "?", level: "warn", text: words(state) };
}

/** `health_failed` as words. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** The position of a level: 0 is the most urgent. */
export function urgency(level: Level): number {
  return LEVELS.indexOf(level);
}
