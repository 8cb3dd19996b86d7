import { expect, test } from "vitest";
import { Semaphore } from "./semaphore.ts";

test("only a limited number of callers hold a slot, and the other callers wait in order", async () => {
  const semaphore = new Semaphore(2);
  const admitted: number[] = [];
  const releases = [1, 2, 3, 4].map((number) =>
    semaphore.acquire().then((release) => {
      admitted.push(number);
      return release;
    }),
  );
  const [first, second] = await Promise.all(releases.slice(0, 2));
  expect(admitted).toEqual([1, 2]);
  second?.();
  (await releases[2])?.();
  first?.();
  await releases[3];
  expect(admitted).toEqual([1, 2, 3, 4]);
});

test("a second release of the same slot has no effect", async () => {
  const semaphore = new Semaphore(1);
  const release = await semaphore.acquire();
  release();
  release();
  await semaphore.acquire();
  expect(semaphore.held).toBe(1);
  let admitted = false;
  semaphore.acquire().then(() => {
    admitted = true;
  });
  await Promise.resolve();
  expect(admitted).toBe(false);
});

test("an interrupted caller leaves the queue, and the callers behind it move up", async () => {
  const semaphore = new Semaphore(1);
  const interrupt = new AbortController();
  const release = await semaphore.acquire();
  const second = semaphore.acquire(interrupt.signal);
  const third = semaphore.acquire();
  interrupt.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  await expect(semaphore.acquire(interrupt.signal)).rejects.toThrow("enough");
  release();
  (await third)();
  expect(semaphore.held).toBe(0);
});

test("after the limit is lowered, a caller waits until enough slots are released", async () => {
  const semaphore = new Semaphore(3);
  const releases = await Promise.all([semaphore.acquire(), semaphore.acquire(), semaphore.acquire()]);
  semaphore.lower(1);
  const next = semaphore.acquire();
  releases[0]?.();
  releases[1]?.();
  expect(semaphore.held).toBe(1);
  releases[2]?.();
  await next;
  expect(semaphore.held).toBe(1);
});
