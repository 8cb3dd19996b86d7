import { afterEach, describe, expect, it } from "vitest";
import type { Hooks } from "../../plugin-api/hooks.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";
import type { EventReader } from "../../printed-lines.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import { slowReaders } from "../../testing/transport/slow-readers.ts";
import { runReporter } from "../bucket.ts";

const buckets: TestBucket[] = [];

afterEach(() => {
  for (const bucket of buckets.splice(0)) bucket.dispose();
});

function reader(name: string, backPressure?: EventReader["backPressure"]): Plugin {
  const read: EventReader = Object.assign(() => undefined, backPressure ? { backPressure } : {});
  return { name, apply: ({ event }: Hooks) => event.tap(name, read) };
}

async function contextWith(plugins: readonly Plugin[], signal = new AbortController().signal) {
  const bucket = aBucket({ plugins, signal });
  buckets.push(bucket);
  bucket.workers("10.0.0.1");
  await bucket.build();
  return runReporter(await bucket.open(), "test").context({ worker: "10.0.0.1" });
}

describe("the back-pressure of a run", () => {
  it("is undefined while all readers of events keep up", async () => {
    const { backPressure } = await contextWith([reader("fast", () => undefined), reader("plain")]);
    expect(backPressure()).toBeUndefined();
  });

  it("is the same promise for all commands until every reader has caught up", async () => {
    const [first, second] = [slowReaders(), slowReaders()];
    const plugins = [reader("first", first.backPressure), reader("second", second.backPressure)];
    const { backPressure } = await contextWith(plugins);
    const caughtUp = backPressure();
    expect(caughtUp).toBeInstanceOf(Promise);
    first.catchUp();
    expect(backPressure()).toBe(caughtUp);
    second.catchUp();
    await caughtUp;
    expect(backPressure()).toBeUndefined();
  });

  it("ends when the run is interrupted, so commands can exit", async () => {
    const stop = new AbortController();
    const { backPressure } = await contextWith([reader("stuck", slowReaders().backPressure)], stop.signal);
    const caughtUp = backPressure();
    stop.abort();
    await caughtUp;
    expect(backPressure()).toBeUndefined();
  });

  it("ends when a reader fails", async () => {
    const { backPressure } = await contextWith([reader("broken", () => Promise.reject(new Error("gone")))]);
    await backPressure();
  });
});
