import type { HookName } from "../hooks.ts";

/** What the taps of a hook wait for: only for their own work, or also for people, workers and other programs. */
export type TapWait = "computes" | "waits" | "is synchronous";

/** What the taps of each hook wait for, which decides their time limit. `HOOKS.md` repeats this table; a test compares the two. */
export const TAP_WAITS: Readonly<Record<HookName, TapWait>> = {
  reconcile: "waits",
  stage: "waits",
  rollout: "waits",
  promote: "waits",
  commit: "waits",
  begin: "waits",
  permit: "waits",
  beforeJob: "waits",
  orchestrate: "waits",
  started: "waits",
  verify: "waits",
  stopped: "waits",
  afterJob: "waits",
  connect: "waits",
  locate: "is synchronous",
  preflight: "waits",
  login: "waits",
  identify: "waits",
  render: "computes",
  templateFunctions: "is synchronous",
  init: "waits",
  validate: "computes",
  contribute: "waits",
  afterBuild: "waits",
  target: "waits",
  command: "waits",
  examine: "waits",
  event: "is synchronous",
};

/** The time limit of a tap without a sign of life, in milliseconds, unless `timeouts.tap` is set. A synchronous tap has none. */
export const TAP_LIMIT_MS: Readonly<Record<TapWait, number>> = {
  waits: 15 * 60_000,
  computes: 30_000,
  "is synchronous": Number.POSITIVE_INFINITY,
};
