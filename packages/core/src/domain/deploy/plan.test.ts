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
    ["new: without a row", {}, start],
    ["new: its files have already been synced", { staged: "new" }, start],
    ["new: its first start is in doubt", { unsettled: unsettled("start"), staged: "new" }, start],
    ["new: its first start failed", { unsettled: unsettled("start", false), staged: "new" }, start],
    ["re-enabled", stopped, start],
    ["re-enabled, with other files", { promoted: { ...promoted, digest: "old", stopped: true } }, start],
    ["re-enabled, its start in doubt", { ...stopped, unsettled: unsettled("start") }, start],
    ["enabled again while its stop is in doubt", { ...settled, unsettled: unsettled("stop") }, start],
    ["wanted again while its removal is in doubt", { ...settled, unsettled: unsettled("remove") }, start],
    ["files differ", otherFiles, upgrade],
    ["files differ and are on the worker already", { ...otherFiles, staged: "new" }, upgrade],
    ["version differs", otherVersion, upgrade],
    ["both differ", { promoted: { ...promoted, digest: "old", version: "1.0.0" } }, upgrade],
    ["nothing differs", settled, ["skip", "skip", "skip", "skip", "restart"]],
    ["only the worker's files differ", { ...settled, staged: "old" }, ["sync", "sync", "sync", "sync", "restart"]],
    [
      "a sync to its worker is in doubt",
      { ...settled, staged: "unknown" },
      ["sync", "sync", "sync", "sync", "restart"],
    ],
    ["nothing is known about the worker's files", { promoted }, ["sync", "sync", "sync", "sync", "restart"]],
    ["health failed after its promotion", unhealthy, upgrade],
    [
      "its restart is in doubt",
      { ...otherFiles, unsettled: unsettled("restart") },
      ["restart", "restart", "restart", "sync", "restart"],
    ],
    [
      "its restart failed, and nothing differs",
      { ...settled, unsettled: unsettled("restart", false) },
      ["restart", "restart", "restart", "sync", "restart"],
    ],
    ["its reload is in doubt", { ...settled, unsettled: unsettled("reload") }, upgrade],
    ["its reload failed", { ...otherFiles, unsettled: unsettled("reload", false) }, upgrade],
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
  ])("forced, with policy %s and nothing changed: %s", (policy, action) => {
    expect(decided(settled, { policy, force: true })).toMatchObject({ action, reasons: ["forced"] });
    expect(decided(settled, { policy, force: true, syncOnly: true }).action).toBe("sync");
  });
});

describe("policy reload", () => {
  const reload = (globs: readonly string[], recorded = otherFiles, files = changes) =>
    decided(recorded, { policy: "reload", globs, files });

  it.each<[string, Decision, PlannedAction, string[]]>([
    ["no globs", reload([]), "reload", []],
    ["a changed file matches a glob", reload(["conf/**"]), "restart", ["conf/a.conf"]],
    ["all changed files match", reload(["*.md", "*.conf"]), "restart", ["conf/a.conf", "notes.md"]],
    [
      "a deleted file matches",
      reload(["gone"], otherFiles, [{ path: "gone", change: "deleted" }]),
      "restart",
      ["gone"],
    ],
    ["no changed file matches", reload(["certs/**"]), "reload", []],
    ["the changed files are unknown", reload(["**"], otherFiles, []), "reload", []],
    ["only the version differs, and all globs match", reload(["**"], otherVersion), "reload", []],
    ["forced without a change", decided(settled, { policy: "reload", globs: ["**"], force: true }), "reload", []],
  ])("%s", (_, { action, matched }, expected, files) => {
    expect(action).toBe(expected);
    expect(matched).toEqual(files);
  });
});

describe("a disabled allocation", () => {
  const rows: readonly [string, RecordedState, PlannedAction, PlannedAction][] = [
    ["runs, nothing differs", settled, "stop", "stop+promote"],
    ["runs, files differ", otherFiles, "stop+promote", "stop+promote"],
    ["runs, version differs", otherVersion, "stop+promote", "stop+promote"],
    ["runs, health failed", unhealthy, "stop", "stop+promote"],
    ["runs, and other files are on its worker", { ...settled, staged: "old" }, "stop", "stop+promote"],
    ["stopped, nothing differs", stopped, "skip", "promote"],
    ["stopped, files differ", { promoted: { ...promoted, digest: "old", stopped: true } }, "promote", "promote"],
    ["stopped, version differs", { promoted: { ...promoted, version: "1.0.0", stopped: true } }, "promote", "promote"],
    ["never started", {}, "promote", "promote"],
    ["never started, its start is in doubt", { unsettled: unsettled("start") }, "stop+promote", "stop+promote"],
    ["its stop is in doubt", { ...settled, unsettled: unsettled("stop") }, "stop", "stop+promote"],
    ["its stop failed", { ...settled, unsettled: unsettled("stop", false) }, "stop", "stop+promote"],
    [
      "re-enabled, its start in doubt, disabled again",
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

describe("the reasons", () => {
  it.each<[string, Decision, string[]]>([
    ["new", decided({}), ["new"]],
    ["skip", decided(settled), ["unchanged"]],
    [
      "files and version",
      decided({ promoted: { ...promoted, digest: "old", version: "1.0.0" } }),
      ["version 1.0.0 -> 2.0.0", "2 files changed: conf/a.conf, notes.md (added)"],
    ],
    ["one file", decided(otherFiles, { files: changes.slice(0, 1) }), ["1 file changed: conf/a.conf"]],
    ["unknown files", decided(otherFiles, { files: [] }), ["files changed"]],
    [
      "many files",
      decided(otherFiles, { files: ["a", "b", "c", "d", "e", "f"].map((path) => ({ path, change: "deleted" })) }),
      ["6 files changed: a (deleted), b (deleted), c (deleted), d (deleted) and 2 more"],
    ],
    ["sync", decided({ promoted, staged: "unknown" }), ["its files on the worker differ from the promoted files"]],
    ["health", decided(unhealthy), ["health check failed after it was promoted"]],
    ["re-enabled", decided(stopped), ["re-enabled"]],
    [
      "re-enabled in doubt",
      decided({ ...stopped, unsettled: unsettled("start") }),
      ["re-enabled", "in doubt: the result of its start in run 7 is unknown"],
    ],
    [
      "doubt comes first",
      decided({ ...otherVersion, unsettled: unsettled("restart") }),
      ["in doubt: the result of its restart in run 7 is unknown", "version 1.0.0 -> 2.0.0"],
    ],
    ["failure", decided({ unsettled: unsettled("start", false) }), ["its start in run 7 did not succeed", "new"]],
    [
      "a failure after the command",
      decided({ unsettled: { ...unsettled("start", false), wentWell: true } }),
      ["its start in run 7 succeeded, but a later step did not", "new"],
    ],
    ["disabled", decided(settled, { disabled: true }), ["disabled"]],
    [
      "disabled in doubt",
      decided({ ...settled, unsettled: unsettled("stop") }, { disabled: true }),
      ["disabled", "in doubt: the result of its stop in run 7 is unknown"],
    ],
    ["disabled with a change", decided(otherVersion, { disabled: true }), ["disabled", "version 1.0.0 -> 2.0.0"]],
    ["disabled and stopped", decided(stopped, { disabled: true }), ["disabled and stopped"]],
    ["disabled before", decided({}, { disabled: true }), ["disabled and stopped", "disabled before its first start"]],
  ])("%s", (_, decision, reasons) => expect(decision.reasons).toEqual(reasons));
});

describe("priority", () => {
  it.each<[string, Decision, boolean]>([
    ["in doubt", decided({ ...settled, unsettled: unsettled("restart") }), true],
    ["unhealthy", decided(unhealthy), true],
    ["failed last time", decided({ unsettled: unsettled("start", false) }), true],
    ["re-enabled, in doubt", decided({ ...stopped, unsettled: unsettled("start") }), true],
    ["re-enabled", decided(stopped), false],
    ["new", decided({}), false],
    ["changed", decided(otherFiles), false],
    ["forced", decided(settled, { force: true }), false],
    ["unchanged", decided(settled), false],
  ])("%s", (_, decision, priority) => expect(decision.priority).toBe(priority));
});

describe("changed files", () => {
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

  it("are added, deleted and modified files and changed modes, by path", () => {
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
