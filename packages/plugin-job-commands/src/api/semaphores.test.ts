import { describe, expect, it } from "vitest";
import { CommandRuntime, call, lentBucket, sessionOf } from "../bucket.test.support.ts";
import { Semaphores } from "./semaphores.ts";

const never = new AbortController().signal;

function semaphoresOf() {
  const semaphores = new Semaphores();
  const scope = {};
  const order: string[] = [];
  const holders = new Map<string, { readonly allocationId: string }>();
  const holder = (id: string) => {
    const known = holders.get(id) ?? { allocationId: id };
    holders.set(id, known);
    return known;
  };
  const acquire = (id: string, { capacity = 1, timeoutMs = 60_000, signal = never, name = "m" } = {}) =>
    semaphores.acquire({ scope, name, holder: holder(id), capacity, timeoutMs, signal }).then((answer) => {
      order.push(id);
      return answer;
    });
  const status = () => semaphores.status(scope, "m");
  const release = (id: string) => semaphores.release(scope, "m", holder(id));
  return { semaphores, scope, order, holder, acquire, status, release };
}

describe("a semaphore", () => {
  it("is free before its first request", () => {
    expect(semaphoresOf().status()).toEqual({ name: "m", capacity: 1, holders: [], waiting: 0, available: 1 });
  });

  it("is granted in the order of requests", async () => {
    const { acquire, release, order, status } = semaphoresOf();
    await acquire("a");
    const waiting = [acquire("b"), acquire("c"), acquire("d")];
    expect(status()).toMatchObject({ holders: ["a"], waiting: 3, available: 0 });
    for (const id of ["a", "b", "c"]) {
      release(id);
      await Promise.resolve();
    }
    await Promise.all(waiting);
    expect(order).toEqual(["a", "b", "c", "d"]);
  });

  it("is granted to a waiting process before a later request", async () => {
    const { acquire, release, status } = semaphoresOf();
    await acquire("a");
    const second = acquire("b");
    release("a");
    const third = acquire("c");
    await second;
    expect(status()).toMatchObject({ holders: ["b"], waiting: 1 });
    release("b");
    await third;
  });

  it("is held once by a process that requests it several times", async () => {
    const { acquire, release, status } = semaphoresOf();
    expect([await acquire("a"), await acquire("a")]).toEqual([{ fresh: true }, { fresh: false }]);
    expect([release("a"), release("a")]).toEqual([true, false]);
    expect(status()).toMatchObject({ holders: [], available: 1 });
  });

  it("keeps the capacity of its first request until no process holds it or waits for it", async () => {
    const { acquire, release, status } = semaphoresOf();
    await Promise.all([acquire("a", { capacity: 2 }), acquire("b", { capacity: 2 })]);
    expect(status()).toMatchObject({ capacity: 2, holders: ["a", "b"], available: 0 });
    await expect(acquire("c")).rejects.toMatchObject({ status: 409 });
    release("a");
    release("b");
    await acquire("c");
    expect(status()).toMatchObject({ capacity: 1, holders: ["c"] });
  });

  it("is granted to the next request if an earlier request has timed out", async () => {
    const { acquire, release, status } = semaphoresOf();
    await acquire("a");
    const late = acquire("b", { timeoutMs: 5 });
    const next = acquire("c");
    await expect(late).rejects.toMatchObject({ status: 408 });
    release("a");
    await next;
    expect(status()).toMatchObject({ holders: ["c"], waiting: 0, available: 0 });
  });

  it("is released by a process that ends while it holds the semaphore or waits for it", async () => {
    const { acquire, semaphores, scope, holder, status } = semaphoresOf();
    const gone = new AbortController();
    await acquire("a");
    const left = acquire("b", { signal: gone.signal });
    const next = acquire("c");
    gone.abort();
    await expect(left).rejects.toMatchObject({ status: 408 });
    semaphores.leave(scope, holder("a"));
    await next;
    semaphores.leave(scope, holder("c"));
    expect(status()).toEqual({ name: "m", capacity: 1, holders: [], waiting: 0, available: 1 });
  });

  it("neither loses a slot nor grants a slot twice, in any order of events", async () => {
    const { acquire, release, status } = semaphoresOf();
    for (let round = 0; round < 200; round += 1) {
      await acquire("a");
      const waits = ["b", "c", "d"].map((id, at) =>
        acquire(id, { timeoutMs: (round + at) % 3 }).then(
          () => release(id),
          () => false,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, round % 3));
      release("a");
      await Promise.all(waits);
      expect(status()).toMatchObject({ holders: [], waiting: 0, available: 1 });
    }
  });
});

describe("semaphores of processes", () => {
  it("belong to their job and event, and are released when a process ends", async () => {
    expect.assertions(6); // in callbacks
    const bucket = lentBucket();
    await bucket.lend(async (context) => {
      const runtime = new CommandRuntime();
      const [first, second] = context.allocations.map((allocation) => sessionOf(runtime, context, { allocation }));
      const other = sessionOf(runtime, context, { event: "cli" });
      if (!first || !second) throw new Error("two allocations are expected");
      const wanted = { name: "migrate" };
      await runtime.api.serve(second, async (b) => {
        let waiting: ReturnType<typeof call> | undefined;
        await runtime.api.serve(first, async (a) => {
          expect((await call(a, "POST", "/semaphore/acquire", wanted)).json).toEqual({
            name: "migrate",
            allocation_id: first.scope.allocation.id,
            capacity: 1,
            acquired: true,
          });
          await runtime.api.serve(other, async (c) => {
            expect((await call(c, "POST", "/semaphore/acquire", wanted)).status).toBe(200);
          });
          const short = await call(b, "POST", "/semaphore/acquire", { ...wanted, timeout_seconds: 0.02 });
          expect(short.status).toBe(408);
          waiting = call(b, "POST", "/semaphore/acquire", wanted);
        });
        expect((await waiting)?.json).toMatchObject({ allocation_id: second.scope.allocation.id });
        expect((await call(b, "GET", "/semaphore/status?name=migrate")).json).toMatchObject({
          waiting: 0,
          available: 0,
        });
        expect((await call(b, "POST", "/semaphore/release", wanted)).status).toBe(200);
      });
    });
    bucket.dispose();
  });
});
