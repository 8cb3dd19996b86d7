import { expect, it } from "vitest";
import type { Promoted, RecordedState, Unsettled } from "./plan.ts";
import { type RolloutState, rolloutState } from "./rollout-state.ts";

const target = { digest: "new", version: "2.0.0" };
const same: Promoted = { ...target, healthFailed: false, stopped: false };
const inDoubt: Unsettled = { kind: "restart", inDoubt: true, run: 7 };
const failed: Unsettled = { ...inDoubt, inDoubt: false };
const active = { disabled: false, removed: false };
const disabled = { disabled: true, removed: false };
const inMaintenance = { ...disabled, inMaintenance: true } as const;
const removed = { disabled: false, removed: true };

it.each<[RolloutState, string, typeof active, RecordedState]>([
  ["promoted", "the desired version and files are running", active, { promoted: same }],
  ["new", "nothing was promoted", active, {}],
  ["new", "its first start failed", active, { unsettled: failed }],
  ["maintenance", "its worker is in maintenance", inMaintenance, { promoted: same }],
  ["maintenance", "its worker is in maintenance, even if it is in doubt", inMaintenance, { unsettled: inDoubt }],
  ["in_doubt", "the run that was starting it for the first time died", active, { unsettled: inDoubt }],
  ["in_doubt", "the run that was restarting it died", active, { promoted: same, unsettled: inDoubt }],
  [
    "in_doubt",
    "it is disabled, and the run that was stopping it died",
    disabled,
    { promoted: same, unsettled: { ...inDoubt, kind: "stop" } },
  ],
  [
    "in_doubt",
    "the run that was removing it died",
    removed,
    { promoted: same, unsettled: { ...inDoubt, kind: "remove" } },
  ],
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
  ["disabled", "it is disabled and up to date", disabled, { promoted: { ...same, stopped: true } }],
  ["disabled", "the next deploy will stop it", disabled, { promoted: same }],
  ["disabled_restart", "it is disabled and its files differ", disabled, { promoted: { ...same, digest: "old" } }],
  ["disabled_restart", "it is disabled and its version differs", disabled, { promoted: { ...same, version: "1.0.0" } }],
  ["disabled_restart", "it was disabled before its first start", disabled, {}],
  [
    "removed",
    "it is no longer desired, whatever its other state",
    removed,
    { promoted: { ...same, digest: "old", healthFailed: true } },
  ],
  ["removed", "it is no longer desired, and was disabled", { disabled: true, removed: true }, {}],
])("the rollout state of an allocation is %s if %s", (expected, _, allocation, recorded) => {
  expect(rolloutState(allocation, target, recorded)).toBe(expected);
});

it("the rollout state of a disabled job without a version is disabled if nothing was promoted", () => {
  expect(rolloutState(disabled, { digest: "new", version: "0.0.0" }, {})).toBe("disabled");
});
