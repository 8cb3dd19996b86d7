import * as v from "valibot";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { isMaandError } from "../../errors.ts";
import type { PluginTools } from "../../plugin-api/life/plugin-tools.ts";
import { defineService } from "../../plugin-api/life/services.ts";
import { definePlugin, type Plugin } from "../../plugin-api/plugin.ts";
import { aBucket, callHook, type TestBucket } from "../../testing/index.ts";

const thrownBy = async (work: () => unknown) => {
  try {
    return await work();
  } catch (cause) {
    return isMaandError(cause) ? cause : String(cause);
  }
};

/** A bucket with one worker and job, and these plugins. */
function bucketWith(...plugins: readonly Plugin[]): TestBucket {
  const bucket = aBucket({ plugins });
  onTestFinished(() => bucket.dispose());
  bucket.workers("10.0.0.1");
  bucket.job("api", { selectors: ["worker"] });
  return bucket;
}

describe("closing a bucket", () => {
  const disposals: string[] = [];
  const disposable = (name: string, more: Partial<Plugin> = {}): Plugin => ({
    name,
    apply: () => undefined,
    dispose: () => void disposals.push(name),
    ...more,
  });
  afterEach(() => void disposals.splice(0));

  it("disposes each plugin once, starting with the plugin that was applied last", async () => {
    const slow = disposable("slow", {
      async dispose() {
        await new Promise((resolve) => setImmediate(resolve));
        disposals.push("slow");
      },
    });
    const opened = await bucketWith(disposable("first"), slow, disposable("last")).open();
    expect(await opened.close()).toEqual([]);
    expect(disposals).toEqual(["last", "slow", "first"]);
    await opened.close();
    expect(disposals).toHaveLength(3);
  });

  it("disposes a plugin before the provider of a service that it uses", async () => {
    const LOG = defineService<string>("log.lines");
    const user = disposable("user", { needs: [LOG] });
    const provider = disposable("provider", { provides: { services: [LOG.by(() => "log")] } });
    await (await bucketWith(user, provider).open()).close();
    expect(disposals).toEqual(["user", "provider"]);
  });

  it("reports a dispose that throws and disposes the other plugins", async () => {
    const broken = disposable("broken", { dispose: () => Promise.reject(new Error("the socket is gone")) });
    const opened = await bucketWith(disposable("first"), broken).open();
    expect(await opened.close()).toMatchObject([
      { code: "HOOK_FAILED", message: "broken failed in dispose: the socket is gone" },
    ]);
    expect(disposals).toEqual(["first"]);
  });

  it("stops waiting for a dispose after 10 seconds and names the plugin", async () => {
    const opened = await bucketWith(disposable("stuck", { dispose: () => new Promise(() => undefined) })).open();
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const closing = opened.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await closing).toMatchObject([
      {
        code: "HOOK_STUCK",
        message: "stuck did not finish dispose within 10 s",
        hint: expect.stringContaining("stuck"),
      },
    ]);
  });

  it("disposes the applied plugins if a later plugin fails to apply", async () => {
    const broken = definePlugin({
      name: "broken",
      apply() {
        throw new Error("no");
      },
    });
    await thrownBy(() => bucketWith(disposable("first"), broken, disposable("last")).open());
    expect(disposals).toEqual(["first"]);
  });
});

describe("a service", () => {
  interface Tickets {
    open(title: string): number;
  }
  const TICKETS = defineService<Tickets>("desk.tickets");

  it("is created once, when a plugin first uses it, regardless of the order of the plugins", async () => {
    const made = vi.fn((): Tickets => ({ open: (title) => title.length }));
    const numbers: number[] = [];
    const user = (name: string) =>
      definePlugin({
        name,
        needs: [TICKETS],
        apply({ afterJob }, { use }) {
          const tickets = use(TICKETS);
          afterJob.tapPromise(name, async ({ job }) => void numbers.push(tickets.open(job.name)));
        },
      });
    const desk = definePlugin({ name: "desk", provides: { services: [TICKETS.by(made)] }, apply: () => undefined });
    await bucketWith(user("notes"), desk, user("mail")).ship();
    expect(numbers).toEqual([3, 3]);
    expect(made).toHaveBeenCalledTimes(2); // one bucket for the build, one for the deploy
  });

  it("cannot be used by a plugin that does not declare it in its needs", async () => {
    const user = definePlugin({ name: "notes", apply: (_, { use }) => void use(TICKETS) });
    expect(await thrownBy(() => bucketWith(user).open())).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "notes" uses the service "desk.tickets" but does not declare it',
      hint: "add it to the plugin's needs",
    });
  });

  it("that cannot be created is an error of its provider", async () => {
    const desk = definePlugin({
      name: "desk",
      provides: {
        services: [
          TICKETS.by(() => {
            throw new Error("no address");
          }),
        ],
      },
      apply: () => undefined,
    });
    const user = definePlugin({ name: "notes", needs: [TICKETS], apply: (_, { use }) => void use(TICKETS) });
    expect(await thrownBy(() => bucketWith(desk, user).open())).toMatchObject({
      message: 'plugin "desk" failed to create its service "desk.tickets": no address',
    });
  });
});

describe("an error with a plugin's own code", () => {
  const throwing = (make: (error: PluginTools["error"]) => Error) =>
    definePlugin({
      name: "acme",
      apply: ({ begin }, { error }) =>
        begin.tap("acme", () => {
          throw make(error);
        }),
    });

  it("is printed and stored with the plugin's name before its code", async () => {
    const bucket = bucketWith(
      throwing((error) => error("NO_TOKEN", "no token is set", { hint: "export ACME_TOKEN=..." })),
    );
    expect(await thrownBy(() => bucket.ship())).toMatchObject({
      code: "acme/NO_TOKEN",
      message: "no token is set (acme/NO_TOKEN)",
      hint: "export ACME_TOKEN=...",
      refused: false,
    });
    expect(bucket.events.at(-1)).toMatchObject({ outcome: "refused", message: "no token is set (acme/NO_TOKEN)" });
  });

  it("can mark the command as refused", async () => {
    const bucket = bucketWith(throwing((error) => error("FROZEN", "no deploys today", { refused: true })));
    expect(await thrownBy(() => bucket.ship())).toMatchObject({ code: "acme/FROZEN", refused: true });
  });

  it("makes the plugin fail if the code is invalid", async () => {
    const bucket = bucketWith(throwing((error) => error("no token", "no token is set")));
    expect(await thrownBy(() => bucket.ship())).toMatchObject({
      code: "HOOK_FAILED",
      message: 'acme failed in begin: "no token" is not a valid error code; write it like NO_TOKEN',
    });
  });
});

describe("the state of a plugin", () => {
  const ENTRIES = { runs: v.number(), last: v.object({ job: v.string() }), token: v.string() };

  /** A plugin that does something with its state whenever a job is deployed. */
  const withState = (work: (state: ReturnType<typeof open>) => void, name = "acme") =>
    definePlugin({
      name,
      apply({ afterJob }, tools) {
        const state = open(tools);
        afterJob.tap(name, () => work(state));
      },
    });
  const open = ({ state }: PluginTools) => state(ENTRIES);

  it("is stored between runs, separately for each plugin and key", async () => {
    const seen: unknown[] = [];
    const counting = (name: string, by: number) =>
      withState((state) => {
        seen.push([name, state.get("runs"), state.get("last")]);
        state.set({ runs: (state.get("runs") ?? 0) + by, last: { job: "api" } });
      }, name);
    const bucket = bucketWith(counting("acme", 1), counting("other", 10));
    await bucket.ship();
    await bucket.deploy({ force: true });
    expect(seen).toEqual([
      ["acme", undefined, undefined],
      ["other", undefined, undefined],
      ["acme", 1, { job: "api" }],
      ["other", 10, { job: "api" }],
    ]);
  });

  it("remains unchanged if one of the new values is invalid, and loses a key that is set to undefined", async () => {
    const seen: unknown[] = [];
    const bucket = bucketWith(
      withState((state) => {
        state.set({ runs: 1, token: "t" });
        expect(() => state.set({ runs: 2, last: Object.create(null) })).toThrow("does not fit its schema");
        seen.push(state.get("runs"));
        state.set({ runs: undefined });
        seen.push(state.get("runs"), state.get("token"));
      }),
    );
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(seen).toEqual([1, undefined, "t"]);
  });

  it("is read as undefined if it does not match the schema of a newer version of the plugin", async () => {
    const seen: unknown[] = [];
    const bucket = bucketWith(withState((state) => void seen.push(state.get("runs"))));
    const older = await bucket.open();
    older.store.pluginState.write("acme", new Map([["runs", '"seven"']]));
    await older.close();
    await bucket.ship();
    expect(seen).toEqual([undefined]);
  });

  it.for([
    ["a value that is too large", { token: "x".repeat(70_000) }, /has 70002 characters, but the limit is 65536/],
    [
      "a key that the plugin did not declare",
      JSON.parse('{ "other": 1 }'),
      /the state "other" of plugin "acme" is not one of its keys/,
    ],
  ] as const)("refuses %s", async ([, values, message]) => {
    const bucket = bucketWith(withState((state) => state.set(values)));
    const { failures } = await bucket.ship();
    expect(failures).toMatchObject([{ job: "api", code: "STATE_REFUSED", message: expect.stringMatching(message) }]);
  });

  it("refuses values that exceed the total limit", async () => {
    const keys = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`key${at}`, v.string()]));
    const large = definePlugin({
      name: "acme",
      apply({ afterJob }, { state }) {
        const kept = state(keys);
        afterJob.tap("acme", () => {
          for (const key of Object.keys(keys)) kept.set({ [key]: "x".repeat(60_000) });
        });
      },
    });
    const { failures } = await bucketWith(large).ship();
    expect(failures).toMatchObject([
      { code: "STATE_REFUSED", message: expect.stringContaining("larger than 1048576") },
    ]);
  });

  it("refuses a secret, because state is not encrypted", async () => {
    const bucket = bucketWith(
      definePlugin({
        name: "acme",
        apply({ afterJob }, { state }) {
          const kept = state(ENTRIES);
          afterJob.tap("acme", ({ scope, allocations: [allocation] }) => {
            const kv = allocation && scope(allocation).openKv();
            kv?.put("secrets/job/api", "password", "correct-horse");
            kv?.commit();
            kept.set({ token: "Bearer correct-horse" });
          });
        },
      }),
    );
    const { failures } = await bucket.ship();
    expect(failures).toMatchObject([{ code: "STATE_REFUSED", message: expect.stringContaining("contains a secret") }]);
  });

  it("cannot be used while the plugin is applied, because the store is not open yet", async () => {
    const early = definePlugin({ name: "acme", apply: (_, { state }) => void state(ENTRIES).get("runs") });
    expect(await thrownBy(() => bucketWith(early).open())).toMatchObject({
      code: "PLUGIN_INVALID",
      message: expect.stringContaining('plugin "acme" uses its state while being applied'),
    });
  });

  it("is kept in memory when a test calls a hook of the plugin", async () => {
    const seen: unknown[] = [];
    const counting = withState((state) => {
      state.set({ runs: 1 });
      seen.push(state.get("runs"));
    });
    await callHook(counting, "afterJob");
    expect(seen).toEqual([1]);
  });

  it("is not stored by a dry run", async () => {
    const seen: unknown[] = [];
    const planning = definePlugin({
      name: "acme",
      apply({ beforeJob }, { state }) {
        const kept = state(ENTRIES);
        beforeJob.tap("acme", () => {
          kept.set({ runs: (kept.get("runs") ?? 0) + 1 });
          seen.push(kept.get("runs"));
        });
      },
    });
    const bucket = bucketWith(planning);
    await bucket.build();
    await bucket.plan({ withHooks: true });
    await bucket.plan({ withHooks: true });
    await bucket.deploy();
    expect(seen).toEqual([1, 1, 1]);
  });
});
