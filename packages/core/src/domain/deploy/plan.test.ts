import { describe, expect, it } from "vitest";
import type { RestartPolicy } from "../workspace/job.ts";
import { changedFiles, type FileChange } from "./changed-files.ts";
import {
  type Decision,
  decide,
  type PlannedAction,
  type Promoted,
  type RecordedState,
  type Unsettled,
} from "./plan.ts";

const target = { digest: "new", version: "2.0.0" };
const promoted: Promoted = { ...target, healthFailed: false, stopped: false };
const settled: RecordedState = { promoted, staged: "new" };
const otherFiles: RecordedState = { promoted: { ...promoted, digest: "old" }, staged: "old" };
const otherVersion: RecordedState = { promoted: { ...promoted, version: "1.0.0" }, staged: "new" };
const stopped: RecordedState = { promoted: { ...promoted, stopped: true }, staged: "new" };
const unhealthy: RecordedState = { promoted: { ...promoted, healthFailed: true }, staged: "new" };
const unsettled = (kind: Unsettled["kind"], inDoubt = true): Unsettled => ({ kind, inDoubt, run: 7 });
const changes: FileChange[] = [
  { path: "conf/a.conf", change: "modified" },
  { path: "notes.md", change: "added" },
];

interface Given {
  readonly disabled?: boolean;
  readonly policy?: RestartPolicy;
  readonly globs?: readonly string[];
  readonly files?: readonly FileChange[];
  readonly force?: boolean;
  readonly syncOnly?: boolean;
}

function decided(recorded: RecordedState, given: Given = {}): Decision {
  const { disabled = false, policy = "always", globs = [], files = changes, force = false, syncOnly = false } = given;
  const rules = { restartPolicy: policy, restartGlobs: globs };
  return decide({ disabled }, rules, target, recorded, () => files, { force, syncOnly });
}

/** One row of the table: the action with the policies always, reload and never, with --sync-only, and with --force. */
type Row = readonly [
  string,
  RecordedState,
  readonly [PlannedAction, PlannedAction, PlannedAction, PlannedAction, PlannedAction],
];

const start: Row[2] = ["start", "start", "start", "start", "start"];
const upgrade: Row[2] = ["restart", "reload", "sync", "sync", "restart"];

describe("an active allocation", () => {
  const rows: readonly Row[] = [
    ["is started if it has no record", {}, start],
    ["is started if only its files were synced", { staged: "new" }, start],
    ["is started if its first start is in doubt", { unsettled: unsettled("start"), staged: "new" }, start],
    ["is started if its first start failed", { unsettled: unsettled("start", false), staged: "new" }, start],
    ["is started if it is enabled again", stopped, start],
    [
      "is started if it is enabled again with other files",
      { promoted: { ...promoted, digest: "old", stopped: true } },
      start,
    ],
    [
      "is started if it is enabled again and its start is in doubt",
      { ...stopped, unsettled: unsettled("start") },
      start,
    ],
    ["is started if its stop is in doubt", { ...settled, unsettled: unsettled("stop") }, start],
    ["is started if its removal is in doubt", { ...settled, unsettled: unsettled("remove") }, start],
    ["is upgraded if its files differ", otherFiles, upgrade],
    ["is upgraded if its files differ and are already on the worker", { ...otherFiles, staged: "new" }, upgrade],
    ["is upgraded if its version differs", otherVersion, upgrade],
    [
      "is upgraded if its files and its version differ",
      { promoted: { ...promoted, digest: "old", version: "1.0.0" } },
      upgrade,
    ],
    ["is skipped if nothing differs", settled, ["skip", "skip", "skip", "skip", "restart"]],
    [
      "is synced if only the files on its worker differ",
      { ...settled, staged: "old" },
      ["sync", "sync", "sync", "sync", "restart"],
    ],
    [
      "is synced if a sync to its worker is in doubt",
      { ...settled, staged: "unknown" },
      ["sync", "sync", "sync", "sync", "restart"],
    ],
    ["is synced if the files on its worker are unknown", { promoted }, ["sync", "sync", "sync", "sync", "restart"]],
    ["is upgraded if its health check failed after its promotion", unhealthy, upgrade],
    [
      "is restarted if its restart is in doubt",
      { ...otherFiles, unsettled: unsettled("restart") },
      ["restart", "restart", "restart", "sync", "restart"],
    ],
    [
      "is restarted if its restart failed and nothing differs",
      { ...settled, unsettled: unsettled("restart", false) },
      ["restart", "restart", "restart", "sync", "restart"],
    ],
    ["is upgraded if its reload is in doubt", { ...settled, unsettled: unsettled("reload") }, upgrade],
    ["is upgraded if its reload failed", { ...otherFiles, unsettled: unsettled("reload", false) }, upgrade],
  ];
  it.each(rows)("%s", (_, recorded, [always, reload, never, syncOnly, force]) => {
    expect({
      always: decided(recorded).action,
      reload: decided(recorded, { policy: "reload" }).action,
      never: decided(recorded, { policy: "never" }).action,
      syncOnly: decided(recorded, { syncOnly: true }).action,
      force: decided(recorded, { force: true }).action,
    }).toEqual({ always, reload, never, syncOnly, force });
  });

  it.each<[RestartPolicy, PlannedAction]>([
    ["always", "restart"],
    ["reload", "reload"],
    ["never", "sync"],
  ])("that is forced under policy %s without a change gets the action %s", (policy, action) => {
    expect(decided(settled, { policy, force: true })).toMatchObject({ action, reasons: ["forced"] });
    expect(decided(settled, { policy, force: true, syncOnly: true }).action).toBe("sync");
  });
});

describe("restart_policy reload", () => {
  const reload = (globs: readonly string[], recorded = otherFiles, files = changes) =>
    decided(recorded, { policy: "reload", globs, files });

  it.each<[string, Decision, PlannedAction, string[]]>([
    ["reloads if there are no globs", reload([]), "reload", []],
    ["restarts if a changed file matches a glob", reload(["conf/**"]), "restart", ["conf/a.conf"]],
    ["restarts if all changed files match", reload(["*.md", "*.conf"]), "restart", ["conf/a.conf", "notes.md"]],
    [
      "restarts if a deleted file matches",
      reload(["gone"], otherFiles, [{ path: "gone", change: "deleted" }]),
      "restart",
      ["gone"],
    ],
    ["reloads if no changed file matches", reload(["certs/**"]), "reload", []],
    ["reloads if the changed files are unknown", reload(["**"], otherFiles, []), "reload", []],
    ["reloads if only the version differs, whatever the globs", reload(["**"], otherVersion), "reload", []],
    [
      "reloads if the deploy is forced without a change",
      decided(settled, { policy: "reload", globs: ["**"], force: true }),
      "reload",
      [],
    ],
  ])("%s", (_, { action, matched }, expected, files) => {
    expect(action).toBe(expected);
    expect(matched).toEqual(files);
  });
});

describe("a disabled allocation", () => {
  const rows: readonly [string, RecordedState, PlannedAction, PlannedAction][] = [
    ["is stopped if it runs and nothing differs", settled, "stop", "stop+promote"],
    ["is stopped and promoted if it runs and its files differ", otherFiles, "stop+promote", "stop+promote"],
    ["is stopped and promoted if it runs and its version differs", otherVersion, "stop+promote", "stop+promote"],
    ["is stopped if it runs and its health check failed", unhealthy, "stop", "stop+promote"],
    ["is stopped if it runs and its worker has other files", { ...settled, staged: "old" }, "stop", "stop+promote"],
    ["is skipped if it is stopped and nothing differs", stopped, "skip", "promote"],
    [
      "is promoted if it is stopped and its files differ",
      { promoted: { ...promoted, digest: "old", stopped: true } },
      "promote",
      "promote",
    ],
    [
      "is promoted if it is stopped and its version differs",
      { promoted: { ...promoted, version: "1.0.0", stopped: true } },
      "promote",
      "promote",
    ],
    ["is promoted if it never started", {}, "promote", "promote"],
    [
      "is stopped and promoted if its first start is in doubt",
      { unsettled: unsettled("start") },
      "stop+promote",
      "stop+promote",
    ],
    ["is stopped if its stop is in doubt", { ...settled, unsettled: unsettled("stop") }, "stop", "stop+promote"],
    ["is stopped if its stop failed", { ...settled, unsettled: unsettled("stop", false) }, "stop", "stop+promote"],
    [
      "is stopped if it was enabled and disabled again while its start is in doubt",
      { ...stopped, unsettled: unsettled("start") },
      "stop",
      "stop+promote",
    ],
  ];
  it.each(rows)("%s", (_, recorded, action, forced) => {
    for (const policy of ["always", "reload", "never"] as const) {
      expect(decided(recorded, { disabled: true, policy }).action).toBe(action);
      expect(decided(recorded, { disabled: true, policy, syncOnly: true }).action).toBe(action);
      expect(decided(recorded, { disabled: true, policy, force: true }).action).toBe(forced);
    }
  });
});

describe("the reasons of a decision", () => {
  it.each<[string, Decision, string[]]>([
    ["name a new allocation", decided({}), ["new"]],
    ["name an unchanged allocation", decided(settled), ["unchanged"]],
    [
      "name the old and new version, and the changed files",
      decided({ promoted: { ...promoted, digest: "old", version: "1.0.0" } }),
      ["version 1.0.0 -> 2.0.0", "2 files changed: conf/a.conf, notes.md (added)"],
    ],
    [
      "use the singular for one changed file",
      decided(otherFiles, { files: changes.slice(0, 1) }),
      ["1 file changed: conf/a.conf"],
    ],
    [
      "report that files changed if the changed files are unknown",
      decided(otherFiles, { files: [] }),
      ["files changed"],
    ],
    [
      "name at most four changed files",
      decided(otherFiles, { files: ["a", "b", "c", "d", "e", "f"].map((path) => ({ path, change: "deleted" })) }),
      ["6 files changed: a (deleted), b (deleted), c (deleted), d (deleted) and 2 more"],
    ],
    [
      "report that the files on the worker differ",
      decided({ promoted, staged: "unknown" }),
      ["its files on the worker differ from the promoted files"],
    ],
    ["name a failed health check", decided(unhealthy), ["health check failed after its promotion"]],
    ["name a re-enabled allocation", decided(stopped), ["re-enabled"]],
    [
      "name a re-enabled allocation whose start is in doubt",
      decided({ ...stopped, unsettled: unsettled("start") }),
      ["re-enabled", "in doubt: the result of its start in run 7 is unknown"],
    ],
    [
      "name a result in doubt before a change",
      decided({ ...otherVersion, unsettled: unsettled("restart") }),
      ["in doubt: the result of its restart in run 7 is unknown", "version 1.0.0 -> 2.0.0"],
    ],
    [
      "name a failed command",
      decided({ unsettled: unsettled("start", false) }),
      ["its start in run 7 did not succeed", "new"],
    ],
    [
      "name a step that failed after its command succeeded",
      decided({ unsettled: { ...unsettled("start", false), wentWell: true } }),
      ["its start in run 7 succeeded, but a later step did not", "new"],
    ],
    ["name a disabled allocation", decided(settled, { disabled: true }), ["disabled"]],
    [
      "name a disabled allocation whose stop is in doubt",
      decided({ ...settled, unsettled: unsettled("stop") }, { disabled: true }),
      ["disabled", "in doubt: the result of its stop in run 7 is unknown"],
    ],
    [
      "name a disabled allocation and its change",
      decided(otherVersion, { disabled: true }),
      ["disabled", "version 1.0.0 -> 2.0.0"],
    ],
    ["name an allocation that is disabled and stopped", decided(stopped, { disabled: true }), ["disabled and stopped"]],
    [
      "name an allocation that was disabled before its first start",
      decided({}, { disabled: true }),
      ["disabled and stopped", "disabled before its first start"],
    ],
  ])("%s", (_, decision, reasons) => expect(decision.reasons).toEqual(reasons));
});

describe("the priority of an allocation", () => {
  it.each<[string, Decision, boolean]>([
    ["is high if its last command is in doubt", decided({ ...settled, unsettled: unsettled("restart") }), true],
    ["is high if it is unhealthy", decided(unhealthy), true],
    ["is high if its last command failed", decided({ unsettled: unsettled("start", false) }), true],
    ["is high if it is enabled again and in doubt", decided({ ...stopped, unsettled: unsettled("start") }), true],
    ["is normal if it is enabled again", decided(stopped), false],
    ["is normal if it is new", decided({}), false],
    ["is normal if it is changed", decided(otherFiles), false],
    ["is normal if the deploy is forced", decided(settled, { force: true }), false],
    ["is normal if it is unchanged", decided(settled), false],
  ])("%s", (_, decision, priority) => expect(decision.priority).toBe(priority));
});

describe("the changed files of a decision", () => {
  it("are read only if the digest differs from the promoted one", () => {
    const never = () => {
      throw new Error("this must not be called");
    };
    const rules = { restartPolicy: "reload", restartGlobs: ["**"] } as const;
    const options = { force: true, syncOnly: false };
    for (const recorded of [{}, settled, otherVersion, stopped, unhealthy]) {
      expect(decide({ disabled: false }, rules, target, recorded, never, options).files).toEqual([]);
      expect(decide({ disabled: true }, rules, target, recorded, never, options).files).toEqual([]);
    }
    expect(decided(otherFiles).files).toEqual(changes);
    expect(decided(otherFiles, { disabled: true }).files).toEqual(changes);
  });

  it("are the added, deleted and modified files, sorted by path", () => {
    const file = (path: string, hash = "h", executable = false) => ({ path, hash, executable });
    const before = [file("b"), file("gone"), file("mode"), file("same")];
    const now = [file("z"), file("same"), file("mode", "h", true), file("b", "other"), file("a")];
    expect(changedFiles(before, now)).toEqual([
      { path: "a", change: "added" },
      { path: "b", change: "modified" },
      { path: "gone", change: "deleted" },
      { path: "mode", change: "modified" },
      { path: "z", change: "added" },
    ]);
    expect(changedFiles(before, before)).toEqual([]);
    expect(changedFiles([], [])).toEqual([]);
  });
});
