import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TapWatch, type WatchOptions } from "./tap-watch.ts";
import type { Tapping } from "./tapping.ts";
import { UnitSignals } from "./unit-signals.ts";
import type { WaitingTaps } from "./wait-notices.ts";

const LIMIT_MS = 60_000;
const ROLLOUT = { plugin: "acme", hook: "rollout" } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watching(options: Partial<WatchOptions> = {}) {
  const watch = new TapWatch({ tapMs: LIMIT_MS, ...options });
  const waiting: WaitingTaps[] = [];
  watch.onWaiting = (notice) => void waiting.push(notice);
  return { watch, waiting };
}

/** The notices of `watch` about a call. */
function follow(watch: TapWatch, work: Promise<unknown>, by: Tapping, args: readonly unknown[]): Promise<unknown> {
  return new Promise((answered, failed) => {
    const outcome = watch.begin({ by, args, outcome: { answered, failed } });
    work.then(outcome.answered, outcome.failed);
  });
}

/** A context for a job on a worker. */
const unit = (worker: string, signal?: AbortSignal, job = "api") => [
  { job: { name: job }, worker: { host: worker }, signal },
];
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => "no failure",
    (cause: unknown) => cause,
  );
/** A promise that the test settles. */
function settable<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
const NEVER = () => new Promise<never>(() => undefined);

describe("a tap that ends in time", () => {
  it("passes on its return value or its error unchanged", async () => {
    const { watch } = watching();
    expect(await follow(watch, Promise.resolve("done"), ROLLOUT, unit("w1"))).toBe("done");
    const error = new Error("no");
    expect(await failureOf(follow(watch, Promise.reject(error), ROLLOUT, unit("w1")))).toBe(error);
  });
});

describe("a pending tap", () => {
  it("is reported after 10 seconds without activity, then at longer intervals, in one notice per plugin and hook", async () => {
    const { watch, waiting } = watching({ tapMs: 3_600_000 });
    void follow(watch, NEVER(), ROLLOUT, unit("w1"));
    void follow(watch, NEVER(), ROLLOUT, unit("w2"));
    await vi.advanceTimersByTimeAsync(9_000);
    expect(waiting).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(waiting).toMatchObject([
      { plugin: "acme", hook: "rollout", units: ["api@w1", "api@w2"], isStopping: false },
    ]);
    await vi.advanceTimersByTimeAsync(1_800_000);
    expect(waiting.map(({ waitedMs }) => Math.round(waitedMs / 1000))).toEqual([
      10, 60, 300, 600, 900, 1200, 1500, 1800,
    ]);
  });

  it("is not reported while its job or worker shows activity", async () => {
    const { watch, waiting } = watching();
    void follow(watch, NEVER(), ROLLOUT, unit("w1"));
    for (let seconds = 0; seconds < 60; seconds += 5) {
      await vi.advanceTimersByTimeAsync(5_000);
      watch.noteLife({ job: "api", worker: "w1" });
    }
    expect(waiting).toEqual([]);
  });

  it("is reported even if other jobs show activity", async () => {
    const { watch, waiting } = watching();
    void follow(watch, NEVER(), ROLLOUT, unit("w1"));
    for (let seconds = 0; seconds < 15; seconds += 5) {
      await vi.advanceTimersByTimeAsync(5_000);
      watch.noteLife({ job: "web", worker: "w1" });
    }
    expect(waiting).toMatchObject([{ units: ["api@w1"] }]);
  });

  it("is not reported if a nested tap is pending", async () => {
    const { watch, waiting } = watching();
    void follow(watch, NEVER(), { plugin: "acme", hook: "orchestrate" }, [{ job: { name: "api" } }]);
    void follow(watch, NEVER(), { plugin: "make", hook: "rollout" }, unit("w1"));
    await vi.advanceTimersByTimeAsync(12_000);
    expect(waiting).toMatchObject([{ plugin: "make", hook: "rollout" }]);
  });
});

describe("a tap that reaches its limit", () => {
  it("is stopped by its signal, and its error names plugin, hook, allocation and limit", async () => {
    const { watch } = watching();
    const signal = new UnitSignals(new AbortController().signal).of({ job: "api", worker: "w1" });
    const obeys = new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
    const failure = failureOf(follow(watch, obeys, ROLLOUT, unit("w1", signal)));
    await vi.advanceTimersByTimeAsync(LIMIT_MS + 2_000);
    expect(await failure).toMatchObject({
      code: "HOOK_STUCK",
      message: "acme took longer than 1 min in rollout of api@w1 and was stopped",
      worker: "w1",
    });
    expect(watch.mayRun({ job: "api", worker: "w1" })).toBe(false);
  });

  it("succeeds if it finishes its work when the signal aborts", async () => {
    const { watch } = watching();
    const signal = new UnitSignals(new AbortController().signal).of({ job: "api", worker: "w1" });
    const finishes = new Promise((resolve) => signal.addEventListener("abort", () => resolve("done")));
    const answer = follow(watch, finishes, ROLLOUT, unit("w1", signal));
    await vi.advanceTimersByTimeAsync(LIMIT_MS + 2_000);
    expect(await answer).toBe("done");
  });

  it("is abandoned if it ignores the signal, and counts as running until it ends", async () => {
    const { watch } = watching();
    const signal = new UnitSignals(new AbortController().signal).of({ job: "api", worker: "w1" });
    const ignoring = settable<string>();
    const failure = failureOf(follow(watch, ignoring.promise, ROLLOUT, unit("w1", signal)));
    await vi.advanceTimersByTimeAsync(LIMIT_MS + 15_000);
    expect(await failure).toMatchObject({
      code: "HOOK_STUCK",
      message: "acme did not end within 1 min in rollout of api@w1; it may still be running",
    });
    const gone = vi.fn();
    watch.whenGone(gone);
    expect(watch.mayRun({ job: "api", worker: "w1" })).toBe(true);
    expect(gone).not.toHaveBeenCalled();
    ignoring.resolve("done");
    await vi.advanceTimersByTimeAsync(0);
    expect(gone).toHaveBeenCalledOnce();
    expect(watch.mayRun({ job: "api", worker: "w1" })).toBe(false);
  });

  it("has its connection closed if it is a connect tap that connects later", async () => {
    const { watch } = watching();
    const late = settable<unknown>();
    const failure = failureOf(
      follow(watch, late.promise, { plugin: "acme", hook: "connect" }, [{ worker: { host: "w1" } }]),
    );
    await vi.advanceTimersByTimeAsync(LIMIT_MS + 2_000);
    expect(await failure).toMatchObject({ code: "HOOK_STUCK" });
    const close = vi.fn();
    late.resolve({ close });
    await vi.advanceTimersByTimeAsync(0);
    expect(close).toHaveBeenCalledOnce();
  });
});

it("the time during which the process is suspended does not count towards the limit of a tap", async () => {
  const { watch } = watching();
  const work = settable<string>();
  const answer = follow(watch, work.promise, ROLLOUT, unit("w1"));
  const real = performance.now.bind(performance);
  await vi.advanceTimersByTimeAsync(5_000);
  vi.spyOn(performance, "now").mockImplementation(() => real() + 3_600_000);
  await vi.advanceTimersByTimeAsync(5_000);
  vi.restoreAllMocks();
  work.resolve("done");
  expect(await answer).toBe("done");
});

describe("a tap that does not stop after an interruption", () => {
  it("is reported, and is abandoned after 20 seconds", async () => {
    const interrupted = new AbortController();
    const { watch, waiting } = watching({ signal: interrupted.signal });
    const failure = failureOf(follow(watch, NEVER(), ROLLOUT, unit("w1")));
    interrupted.abort();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(waiting).toMatchObject([{ plugin: "acme", hook: "rollout", units: ["api@w1"], isStopping: true }]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await failure).toMatchObject({
      code: "INTERRUPTED",
      message: "acme did not stop in rollout of api@w1 after the interruption; it may still be running",
    });
    expect(waiting).toHaveLength(1);
  });
});

describe("a process that has nothing left to wait for", () => {
  it("fails pending taps one at a time, the innermost first", async () => {
    const { watch } = watching();
    const outer = failureOf(
      follow(watch, NEVER(), { plugin: "acme", hook: "orchestrate" }, [{ job: { name: "api" } }]),
    );
    const inner = failureOf(follow(watch, NEVER(), ROLLOUT, unit("w1")));
    expect(watch.endStuck()).toBe(true);
    expect(await inner).toMatchObject({
      code: "HOOK_STUCK",
      message: "acme is stuck in rollout of api@w1: it is waiting on a promise that never settles",
    });
    expect(watch.endStuck()).toBe(true);
    expect(await outer).toMatchObject({ message: expect.stringContaining("in orchestrate of api") });
    expect(watch.endStuck()).toBe(false);
  });
});
