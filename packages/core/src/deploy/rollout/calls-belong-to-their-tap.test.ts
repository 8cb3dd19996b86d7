import { afterEach, expect, it } from "vitest";
import type { OrchestrateContext } from "../../plugin-api/contexts.ts";
import type { Done } from "../../plugin-api/hooks.ts";
import { definePlugin, type Plugin } from "../../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";

let bucket: TestBucket;
afterEach(() => bucket.dispose());

/** Deploys job `api` to two workers with these plugins. */
function deployWith(...plugins: readonly Plugin[]) {
  bucket = aBucket({ plugins });
  bucket.workers(A, B);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
  return bucket.ship();
}

function leading(name: string, tap: (context: OrchestrateContext) => Promise<Done | undefined>): Plugin {
  return definePlugin({ name, apply: ({ orchestrate }) => orchestrate.tapPromise(name, tap) });
}

const starts = () => bucket.fleet.done.filter((what) => what.startsWith("start"));

it("the next tap is called after the rollOut of the previous tap has ended, even if it is not awaited", async () => {
  const seen: string[] = [];
  const first = leading("first", async ({ rollOut }) => {
    void rollOut([A]);
    return undefined;
  });
  const second = leading("second", async () => {
    seen.push(...starts());
    return undefined;
  });
  expect(await deployWith(first, second)).toMatchObject({ outcome: "ok" });
  expect(seen).toEqual([`start api@${A}`]);
  expect(starts()).toHaveLength(2);
});

it("a call to rollOut after the tap has returned is rejected, and is reported with the plugin's name", async () => {
  let rollOut: OrchestrateContext["rollOut"] | undefined;
  const late = definePlugin({
    name: "late",
    apply(hooks) {
      hooks.orchestrate.tapPromise("late", async (context) => {
        rollOut = context.rollOut;
        return undefined;
      });
      hooks.started.tapPromise("late", async () => {
        await expect(rollOut?.([B])).rejects.toMatchObject({
          code: "HOOK_FAILED",
          hint: expect.stringContaining("await"),
        });
      });
    },
  });
  expect(await deployWith(late)).toMatchObject({ outcome: "ok" });
  const lines = bucket.events.flatMap((event) => (event.type === "output" ? [event.line] : []));
  expect(lines).toContain(
    "late called rollOut after its orchestrate tap had returned; the call was rejected; await every rollOut in the tap",
  );
  expect(starts()).toEqual([`start api@${A}`, `start api@${B}`]);
});

it("a tap fails if a command that it did not await fails, but the allocations stay promoted", async () => {
  const careless = definePlugin({
    name: "careless",
    apply: ({ afterJob }) =>
      afterJob.tapPromise("careless", async ({ scope, allocations: [allocation] }) => {
        if (!allocation) return;
        void scope(allocation).command("notify", "post_deploy", async () => {
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error("the receiver is down");
        });
      }),
  });
  const { failures, allocations } = await deployWith(careless);
  expect(failures).toMatchObject([{ job: "api", message: "careless failed in afterJob: the receiver is down" }]);
  expect(allocations.map(({ promoted }) => promoted)).toEqual([true, true]);
});

it("a job whose tap fails while its rollOut is running ends after that rollOut", async () => {
  const hasty = leading("hasty", async ({ rollOut }) => {
    await Promise.all([rollOut([A]), rollOut([B]), Promise.reject(new Error("the canary is ill"))]);
    return undefined;
  });
  const { failures, allocations } = await deployWith(hasty);
  expect(failures).toMatchObject([{ job: "api", message: "hasty failed in orchestrate: the canary is ill" }]);
  expect(allocations.map(({ host, promoted }) => [host, promoted])).toEqual([
    [A, true],
    [B, false],
  ]);
  expect(starts()).toEqual([`start api@${A}`]);
  expect(bucket.events.at(-1)).toMatchObject({ type: "run.finished" });
});

it("a command that fails after its tap has failed is reported with the plugin's name", async () => {
  const careless = definePlugin({
    name: "careless",
    apply: ({ afterJob }) =>
      afterJob.tapPromise("careless", async ({ scope, allocations: [allocation] }) => {
        if (!allocation) return;
        void scope(allocation).command("notify", "post_deploy", async () => {
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error("the receiver is down");
        });
        throw new Error("no receiver is known");
      }),
  });
  const { failures } = await deployWith(careless);
  expect(failures).toMatchObject([{ job: "api", message: "careless failed in afterJob: no receiver is known" }]);
  const lines = bucket.events.flatMap((event) => (event.type === "output" ? [event.line] : []));
  expect(lines).toContain(
    "careless called command in its afterJob tap without awaiting it, and the call failed: the receiver is down",
  );
});
