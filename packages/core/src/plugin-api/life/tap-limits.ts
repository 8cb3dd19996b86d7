import type { HookName } from "../hooks.ts";

/** What a tap of the hook may do: only compute, or also wait for users, workers and other programs. */
export type TapWait = "computes" | "waits" | "is synchronous";

/**
 * Whether taps of each hook compute or wait. Their timeout depends on it. `HOOKS.md` repeats this table; a test
 * compares the two.
 */
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
  runOnce: "waits",
  started: "waits",
  verify: "waits",
  stopped: "waits",
  afterJob: "waits",
  connect: "waits",
  locate: "is synchronous",
  preflight: "waits",
  runOnWorker: "waits",
  login: "waits",
  identify: "waits",
  inventory: "waits",
  inspect: "waits",
  render: "computes",
  templateFunctions: "is synchronous",
  init: "waits",
  resolveSecrets: "waits",
  validate: "computes",
  contribute: "waits",
  afterBuild: "waits",
  commitBuild: "waits",
  target: "waits",
  command: "waits",
  examine: "waits",
  event: "is synchronous",
};

/** The minimum timeout of a tap that only computes, in milliseconds. */
const COMPUTES_MS = 30_000;
/** The fraction of `timeouts.tap` that is the timeout of a tap that only computes, if it is longer than the minimum. */
const COMPUTES_PART = 1 / 30;

/**
 * How long a tap of a hook may run without any activity: `timeouts.tap` if it waits. If it only computes: 30 seconds or
 * a thirtieth of `timeouts.tap`, whichever is longer, but at most `timeouts.tap`. A synchronous tap has no limit.
 */
export function hookLimit(hook: HookName, tapMs: number): number {
  switch (TAP_WAITS[hook]) {
    case "waits":
      return tapMs;
    case "computes":
      return Math.min(tapMs, Math.max(COMPUTES_MS, tapMs * COMPUTES_PART));
    case "is synchronous":
      return Number.POSITIVE_INFINITY;
  }
}
