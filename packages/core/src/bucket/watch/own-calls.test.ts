import { setImmediate as aTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withOwnCalls } from "./own-calls.ts";

/** Unhandled rejections. Outside a test, each of them would end the process. */
const strays: unknown[] = [];
const onStray = (cause: unknown) => void strays.push(cause);
/** The listeners of vitest, which would fail the test run. */
let others: NodeJS.UnhandledRejectionListener[] = [];
beforeEach(() => {
  others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", onStray);
});
afterEach(async () => {
  await aTurn();
  process.removeAllListeners("unhandledRejection");
  for (const listener of others) process.on("unhandledRejection", listener);
  expect(strays.splice(0)).toEqual([]);
});

type RollOut = (host: string) => Promise<void>;

const canRollOut = (context: unknown): context is { readonly rollOut: RollOut } =>
  typeof context === "object" && context !== null && "rollOut" in context;

/** Calls an `orchestrate` tap. Each `rollOut` ends when the test settles it. */
function called(tap: (rollOut: RollOut) => unknown) {
  const lines: string[] = [];
  const running = new Map<string, { end(): void; fail(cause: Error): void }>();
  const rollOut = (host: string) =>
    new Promise<void>((resolve, reject) => running.set(host, { end: resolve, fail: reject }));
  const context = { rollOut, log: (line: string) => void lines.push(line) };
  const begin = withOwnCalls((own) => tap(canRollOut(own) ? own.rollOut : expect.unreachable("no rollOut")), {
    plugin: "acme",
    hook: "orchestrate",
  });
  let end: string | undefined;
  const ended = new Promise((answered, failed) => begin([context], { answered, failed })).then(
    (answer) => {
      end = `answered ${answer}`;
    },
    (cause: unknown) => {
      end = cause instanceof Error ? cause.message : "no error";
    },
  );
  const of = (host: string) => running.get(host) ?? expect.unreachable(`no call for ${host} is running`);
  return { lines, running, of, end: () => end, ended };
}

describe("a tap that fails while calls that it did not await are running", () => {
  it("fails only after all of these calls have ended", async () => {
    const { of, end, ended } = called((rollOut) => {
      void rollOut("w1");
      throw new Error("no canary");
    });
    await aTurn();
    expect(end()).toBeUndefined();
    of("w1").end();
    await ended;
    expect(end()).toBe("no canary");
  });

  it("keeps its own error, and the failures of the calls are reported with the plugin's name", async () => {
    const { of, end, ended, lines } = called(async (rollOut) => {
      await Promise.all([rollOut("w1"), rollOut("w2"), Promise.reject(new Error("no canary"))]);
    });
    await aTurn();
    of("w1").fail(new Error("w1 is down"));
    await aTurn();
    of("w2").fail(new Error("w2 is down"));
    await ended;
    expect(end()).toBe("no canary");
    expect(lines).toEqual([
      "acme called rollOut in its orchestrate tap without awaiting it, and the call failed: w1 is down",
      "acme called rollOut in its orchestrate tap without awaiting it, and the call failed: w2 is down",
    ]);
  });

  it("cannot make another call", async () => {
    const { of, running, ended, lines } = called((rollOut) => {
      void rollOut("w1")
        .then(() => rollOut("w2"))
        .catch(() => undefined);
      throw new Error("no canary");
    });
    await aTurn();
    of("w1").end();
    await ended;
    expect([...running.keys()]).toEqual(["w1"]);
    expect(lines).toEqual([expect.stringContaining("acme called rollOut after its orchestrate tap had failed")]);
  });
});

describe("a synchronous tap", () => {
  it("returns its value after the calls that it made have ended", async () => {
    const { of, end, ended } = called((rollOut) => {
      void rollOut("w1");
      return "done";
    });
    await aTurn();
    expect(end()).toBeUndefined();
    of("w1").end();
    await ended;
    expect(end()).toBe("answered done");
  });

  it("ends immediately if it made no calls", () => {
    const outcomes: unknown[] = [];
    const outcome = {
      answered: (answer: unknown) => void outcomes.push(answer),
      failed: () => expect.unreachable("it failed"),
    };
    withOwnCalls(() => "done", { plugin: "acme", hook: "rollout" })([{ once: async () => undefined }], outcome);
    expect(outcomes).toEqual(["done"]);
  });
});

describe("the commands that a rollout tap runs with once", () => {
  const by = { plugin: "acme", hook: "rollout" };
  type Context = { readonly once: (argv: string[]) => Promise<void> };
  const isContext = (value: unknown): value is Context =>
    typeof value === "object" && value !== null && "once" in value;
  const onceOf = (value: unknown) => (isContext(value) ? value.once : expect.unreachable("no once"));

  it("are awaited, and a command that fails makes the tap fail", async () => {
    const context = { once: () => Promise.reject(new Error("exit code 3")), log: expect.unreachable };
    const ended = new Promise((answered, failed) => {
      const tap = async (own: unknown) => void onceOf(own)(["systemctl", "restart", "api"]);
      withOwnCalls(tap, by)([context], { answered, failed });
    });
    await expect(ended).rejects.toThrow("exit code 3");
  });

  it("are refused after the tap has returned, even if the tap had never read the function", async () => {
    const lines: string[] = [];
    const context = { once: expect.unreachable, log: (line: string) => void lines.push(line) };
    const own = await new Promise<unknown>((answered, failed) =>
      withOwnCalls(async (args) => args, by)([context], { answered, failed }),
    );
    await expect(onceOf(own)(["systemctl", "restart", "api"])).rejects.toMatchObject({ code: "HOOK_FAILED" });
    expect(lines).toEqual([expect.stringContaining("acme called once after its rollout tap had returned")]);
  });
});

describe("a call that fails while its tap does something else", () => {
  it("makes the tap fail if the tap never awaits it", async () => {
    const { of, end, ended } = called(async (rollOut) => {
      void rollOut("w1");
      await rollOut("w2");
    });
    of("w1").fail(new Error("w1 is down"));
    await aTurn();
    expect(end()).toBeUndefined();
    of("w2").end();
    await ended;
    expect(end()).toBe("w1 is down");
  });

  it("does not make the tap fail if the tap handles it later", async () => {
    const { of, end, ended } = called(async (rollOut) => {
      const first = rollOut("w1");
      await rollOut("w2");
      return first.catch(() => "done");
    });
    of("w1").fail(new Error("w1 is down"));
    await aTurn();
    of("w2").end();
    await ended;
    expect(end()).toBe("answered done");
  });

  it("makes the tap fail even if the tap has chained it to a promise that it does not await", async () => {
    const { of, end, ended } = called((rollOut) => {
      void rollOut("w1")
        .then(() => rollOut("w2"))
        .finally(() => undefined);
      return "done";
    });
    of("w1").end();
    await aTurn();
    of("w2").fail(new Error("w2 is down"));
    await ended;
    expect(end()).toBe("w2 is down");
  });

  it("is only reported if another call already made the tap fail", async () => {
    const { of, end, ended, lines } = called((rollOut) => {
      void rollOut("w1");
      void rollOut("w2");
    });
    of("w1").fail(new Error("w1 is down"));
    of("w2").fail(new Error("w2 is down"));
    await ended;
    expect(end()).toBe("w1 is down");
    expect(lines).toEqual([
      "acme called rollOut in its orchestrate tap without awaiting it, and the call failed: w2 is down",
    ]);
  });
});
