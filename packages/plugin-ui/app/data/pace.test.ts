import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PACE_MS, pace } from "./pace.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Work that waits until the test ends it, each time. */
function work() {
  const begun: { readonly abort: AbortSignal; end(): void }[] = [];
  const paced = pace((abort) => new Promise((end) => begun.push({ abort, end })));
  return { begun, ...paced };
}

it("work that is requested while it is running runs once more after a pause", async () => {
  const { begun, refresh } = work();
  for (let times = 0; times < 5; times += 1) refresh();
  expect(begun.length).toBe(1);
  begun[0]?.end();
  await vi.advanceTimersByTimeAsync(PACE_MS - 1);
  expect(begun.length).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun.length).toBe(2);
  begun[1]?.end();
  await vi.advanceTimersByTimeAsync(10 * PACE_MS);
  expect(begun.length).toBe(2);
});

it("stopped work is aborted and not repeated, and can begin again", async () => {
  const { begun, refresh, stop } = work();
  refresh();
  refresh();
  stop();
  expect(begun.map(({ abort }) => abort.aborted)).toEqual([true]);
  begun[0]?.end();
  await vi.advanceTimersByTimeAsync(10 * PACE_MS);
  expect(begun.length).toBe(1);
  refresh();
  expect(begun.map(({ abort }) => abort.aborted)).toEqual([true, false]);
});
