import { expect, it } from "vitest";
import type { Edits } from "../drift/edits.ts";
import { decide, type LifecycleOptions, type RecordedState } from "./plan.ts";
import type { RestartPolicy } from "./reload-or-restart.ts";
import { withEdits } from "./with-edits.ts";

const TARGET = { digest: "d1", version: "1.0.0" };
const RUNS: RecordedState = {
  promoted: { ...TARGET, healthFailed: false, stopped: false },
  staged: "d1",
};
const PLAIN: LifecycleOptions = { force: false, syncOnly: false };
const EDITS: Edits = {
  files: [{ path: "conf/app.conf", change: "modified" }],
  text: "changed conf/app.conf",
  syncOnly: false,
  isLost: false,
};

function decided(
  edits: Edits | undefined,
  policy: Partial<RestartPolicy> = {},
  recorded: RecordedState = RUNS,
  disabled = false,
) {
  const rules: RestartPolicy = { restartPolicy: "always", restartGlobs: [], ...policy };
  return decide({ disabled }, rules, TARGET, withEdits(recorded, edits), () => [], PLAIN);
}

it("an allocation without edits on its worker is skipped", () => {
  expect(decided(undefined)).toMatchObject({ action: "skip" });
});

it.each<[Partial<RestartPolicy>, string]>([
  [{ restartPolicy: "always" }, "restart"],
  [{ restartPolicy: "reload" }, "reload"],
  [{ restartPolicy: "reload", restartGlobs: ["conf/*"] }, "restart"],
  [{ restartPolicy: "never" }, "sync"],
])("edits are repaired according to the restart policy %j: %s", (policy, action) => {
  expect(decided(EDITS, policy)).toMatchObject({ action, reasons: ["differs on its worker: changed conf/app.conf"] });
});

it("edits are repaired by a sync without a restart if the deploy repairs only files", () => {
  expect(decided({ ...EDITS, syncOnly: true })).toMatchObject({
    action: "sync",
    reasons: ["differs on its worker: changed conf/app.conf"],
  });
});

it("an allocation is started if its worker lost its files, unless it was stopped", () => {
  const lost = { ...EDITS, isLost: true };
  expect(decided(lost)).toMatchObject({ action: "start" });
  expect(decided({ ...lost, syncOnly: true })).toMatchObject({ action: "sync" });
  const promoted = { ...TARGET, healthFailed: false, stopped: true };
  expect(decided(lost, {}, { promoted, staged: "d1" })).toEqual(decided(undefined, {}, { promoted, staged: "d1" }));
});

it("a disabled allocation is skipped, even with edits on its worker", () => {
  const promoted = { ...TARGET, healthFailed: false, stopped: true };
  expect(decided(EDITS, {}, { promoted, staged: "d1" }, true)).toMatchObject({ action: "skip" });
});
