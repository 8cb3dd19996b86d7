import fc from "fast-check";
import { expect, it } from "vitest";
import { changedFiles, type FileChange } from "./changed-files.ts";
import { type ActionKind, type Decision, decide, type RecordedState } from "./plan.ts";

fc.configureGlobal({ seed: 1 });

const target = { digest: "new", version: "2.0.0" };
const kind = fc.constantFrom<ActionKind>("start", "restart", "reload", "stop", "remove");
const recorded = fc
  .record({
    promoted: fc.option(
      fc.record({
        digest: fc.constantFrom("new", "old"),
        version: fc.constantFrom("2.0.0", "1.0.0"),
        healthFailed: fc.boolean(),
        stopped: fc.boolean(),
      }),
      { nil: undefined },
    ),
    staged: fc.constantFrom("new", "old", "unknown", undefined),
    unsettled: fc.option(fc.record({ kind, inDoubt: fc.boolean(), run: fc.nat() }), { nil: undefined }),
  })
  .map(
    ({ promoted, staged, unsettled }): RecordedState => ({
      ...(promoted ? { promoted } : {}),
      ...(staged === undefined ? {} : { staged }),
      ...(unsettled ? { unsettled } : {}),
    }),
  );
const policy = fc.record({
  restartPolicy: fc.constantFrom("always" as const, "reload" as const, "never" as const),
  restartGlobs: fc.subarray(["*.conf", "**", "x"]),
});
const options = fc.record({ force: fc.boolean(), syncOnly: fc.boolean() });
const files = fc.subarray<FileChange>([
  { path: "a.conf", change: "modified" },
  { path: "b", change: "added" },
]);
const LIFECYCLE = ["start", "restart", "reload"];

/** Checks an invariant for every possible state of an allocation. */
function always(
  promise: (
    decision: Decision,
    world: {
      known: RecordedState;
      rules: { restartPolicy: string };
      deployOptions: { force: boolean; syncOnly: boolean };
    },
  ) => void,
  disabled: boolean,
): void {
  fc.assert(
    fc.property(recorded, policy, options, files, (known, rules, deployOptions, changed) => {
      promise(
        decide({ disabled }, rules, target, known, () => changed, deployOptions),
        { known, rules, deployOptions },
      );
    }),
    { numRuns: 1000 },
  );
}

const differs = ({ promoted }: RecordedState) =>
  promoted?.digest !== target.digest || promoted.version !== target.version;

it("an active allocation is skipped only if nothing differs or is pending, and the deploy is not forced", () => {
  always(({ action }, { known, deployOptions }) => {
    const { promoted, unsettled, staged } = known;
    const open = differs(known) || promoted?.stopped || promoted?.healthFailed || unsettled || staged !== target.digest;
    expect(action === "skip").toBe(!open && !deployOptions.force);
  }, false);
});

it("a disabled allocation is skipped only if it is stopped, nothing differs, and the deploy is not forced", () => {
  always(({ action }, { known, deployOptions }) => {
    const stopped = known.promoted?.stopped === true && !known.unsettled;
    expect(action === "skip").toBe(stopped && !differs(known) && !deployOptions.force);
  }, true);
});

it("a disabled allocation is never started, restarted, reloaded or synced", () => {
  always(({ action }) => expect(["skip", "stop", "promote", "stop+promote"]).toContain(action), true);
});

it("an active allocation is never stopped, and never promoted without a sync or a lifecycle command", () => {
  always(({ action }) => expect(["skip", "sync", ...LIFECYCLE]).toContain(action), false);
});

it("with restart_policy never, only an allocation whose restart did not finish is restarted", () => {
  always(({ action }, { known, rules }) => {
    if (rules.restartPolicy !== "never") return;
    expect(action).not.toBe("reload");
    if (action === "restart") expect(known.unsettled?.kind).toBe("restart");
  }, false);
});

it("with --sync-only, nothing is restarted or reloaded, and only allocations that do not run are started", () => {
  always(({ action }, { known, deployOptions }) => {
    if (!deployOptions.syncOnly) return;
    expect(["skip", "sync", "start"]).toContain(action);
    const open = known.unsettled?.kind ?? "";
    const down = !known.promoted || known.promoted.stopped || ["start", "stop", "remove"].includes(open);
    expect(action === "start").toBe(down);
  }, false);
});

it("an allocation that was never promoted or was stopped is started under every policy", () => {
  always(({ action }, { known }) => {
    if (!known.promoted || known.promoted.stopped) expect(action).toBe("start");
  }, false);
});

it("only allocations in doubt, failed or unhealthy have priority", () => {
  always(({ priority }, { known }) => {
    expect(priority).toBe(known.unsettled !== undefined || known.promoted?.healthFailed === true);
  }, false);
});

it("every decision has a reason, which mentions a result in doubt", () => {
  for (const disabled of [false, true]) {
    always(({ reasons }, { known }) => {
      expect(reasons.length).toBeGreaterThan(0);
      if (known.unsettled?.inDoubt) expect(reasons.join()).toContain("in doubt");
    }, disabled);
  }
});

it("files that match a glob are changed files, and only a restart under policy reload lists them", () => {
  always(({ matched, files, action }, { rules }) => {
    for (const path of matched) expect(files.map((file) => file.path)).toContain(path);
    if (matched.length > 0) expect([action, rules.restartPolicy]).toEqual(["restart", "reload"]);
  }, false);
});

const file = fc.record({
  path: fc.constantFrom("a", "b", "c", "d"),
  hash: fc.constantFrom("1", "2"),
  executable: fc.boolean(),
});
const tree = fc.uniqueArray(file, { selector: (one) => one.path });

it("the changed files are exactly the differences between two trees", () => {
  fc.assert(
    fc.property(tree, tree, (before, now) => {
      const changes = new Map(changedFiles(before, now).map(({ path, change }) => [path, change]));
      for (const path of ["a", "b", "c", "d"]) {
        const [old, young] = [before, now].map((files) => files.find((one) => one.path === path));
        const same = old?.hash === young?.hash && old?.executable === young?.executable;
        expect(changes.get(path)).toBe(same ? undefined : !old ? "added" : young ? "modified" : "deleted");
      }
    }),
  );
});
