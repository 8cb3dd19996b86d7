import { expect, it } from "vitest";
import type { Promoted, RecordedState, Unsettled } from "./plan.ts";
import { type RolloutState, rolloutState } from "./rollout-state.ts";

const target = { digest: "new", version: "2.0.0" };
const same: Promoted = { ...target, healthFailed: false, stopped: false };
const inDoubt: Unsettled = { kind: "restart", inDoubt: true, run: 7 };
const failed: Unsettled = { ...inDoubt, inDoubt: false };
const active = { disabled: false, removed: false };
const disabled = { disabled: true, removed: false };
const removed = { disabled: false, removed: true };

it.each<[RolloutState, string, typeof active, RecordedState]>([
  ["promoted", "the desired version and files are running", active, { promoted: same }],
  ["new", "nothing was promoted", active, {}],
  ["new", "its first start failed", active, { unsettled: failed }],
  ["in_doubt", "the run that started it first died", active, { unsettled: inDoubt }],
  ["in_doubt", "the run that restarted it died", active, { promoted: same, unsettled: inDoubt }],
  [
    "in_doubt",
    "the run that stopped it for maintenance died",
    disabled,
    { promoted: same, unsettled: { ...inDoubt, kind: "stop" } },
  ],
  ["in_doubt", "the run that removed it died", removed, { promoted: same, unsettled: { ...inDoubt, kind: "remove" } }],
  ["health_failed", "the check after its promotion failed", active, { promoted: { ...same, healthFailed: true } }],
  [
    "health_failed",
    "the check failed, and there is also a change",
    active,
    { promoted: { ...same, version: "1", healthFailed: true } },
  ],
  ["stopped", "it was re-enabled and not started yet", active, { promoted: { ...same, stopped: true } }],
  [
    "stopped",
    "it was re-enabled, and there is also a change",
    active,
    { promoted: { ...same, digest: "old", stopped: true } },
  ],
  ["restart", "its files differ", active, { promoted: { ...same, digest: "old" } }],
  ["restart", "its version differs", active, { promoted: { ...same, version: "1.0.0" } }],
  ["restart", "its last command failed", active, { promoted: same, unsettled: failed }],
  ["disabled", "it is in maintenance and up to date", disabled, { promoted: { ...same, stopped: true } }],
  ["disabled", "it is to be stopped by the next deploy", disabled, { promoted: same }],
  ["disabled_restart", "in maintenance, its files differ", disabled, { promoted: { ...same, digest: "old" } }],
  ["disabled_restart", "in maintenance, its version differs", disabled, { promoted: { ...same, version: "1.0.0" } }],
  ["disabled_restart", "in maintenance before its first start", disabled, {}],
  [
    "removed",
    "it is no longer wanted, whatever its other state",
    removed,
    { promoted: { ...same, digest: "old", healthFailed: true } },
  ],
  ["removed", "it is no longer wanted, and was disabled", { disabled: true, removed: true }, {}],
])("%s: %s", (expected, _, allocation, recorded) => {
  expect(rolloutState(allocation, target, recorded)).toBe(expected);
});

it("disabled: a job without a version was never promoted, so nothing differs", () => {
  expect(rolloutState(disabled, { digest: "new", version: "0.0.0" }, {})).toBe("disabled");
});
