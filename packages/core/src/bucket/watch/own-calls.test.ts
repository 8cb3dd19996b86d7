import { setImmediate as aTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withOwnCalls } from "./own-calls.ts";

/** Rejections that nothing handled: outside of a test, one of them ends the process. */
const strays: unknown[] = [];
const onStray = (cause: unknown) => void strays.push(cause);
/** The listeners of vitest, which fails a run on the first of them. */
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

/** A call of a tap of `orchestrate`: each `rollOut` ends when the test settles it. */
function called(tap: (rollOut: RollOut) => unknown) {
  const lines: string[] = [];
  const running = new Map<string, { end(): void; fail(cause: Error): void }>();
  const rollOut = (host: string) =>
    new Promise<void>((resolve, reject) => running.set(host, { end: resolve, fail: reject }));
  const context = { rollOut, log: (line: string) => void lines.push(line) };
  const guarded = withOwnCalls((own) => tap(canRollOut(own) ? own.rollOut : expect.unreachable("no rollOut")), {
    plugin: "acme",
    hook: "orchestrate",
  });
  let end: string | undefined;
  const ended = Promise.resolve(guarded(context)).then(
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
  it("has failed when all of them have ended, and not before", async () => {
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

  it("fails for its own reason; what its calls end with is reported in the name of its plugin", async () => {
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
      "acme called rollOut in its tap of orchestrate without waiting for it, and it failed: w1 is down",
      "acme called rollOut in its tap of orchestrate without waiting for it, and it failed: w2 is down",
    ]);
  });

  it("begins no other call", async () => {
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
    expect(lines).toEqual([expect.stringContaining("acme called rollOut after its tap of orchestrate had failed")]);
  });
});

describe("a call that fails while its tap does something else", () => {
  it("is the failure of the tap, if the tap never awaits it", async () => {
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

  it("is no failure of the tap, if the tap handles it later", async () => {
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

  it("is the failure of the tap as well as a chain of calls that it does not await", async () => {
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

  it("is reported, if another one is the failure of the tap", async () => {
    const { of, end, ended, lines } = called((rollOut) => {
      void rollOut("w1");
      void rollOut("w2");
    });
    of("w1").fail(new Error("w1 is down"));
    of("w2").fail(new Error("w2 is down"));
    await ended;
    expect(end()).toBe("w1 is down");
    expect(lines).toEqual([
      "acme called rollOut in its tap of orchestrate without waiting for it, and it failed: w2 is down",
    ]);
  });
});
