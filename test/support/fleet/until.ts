import { setTimeout as pause } from "node:timers/promises";

/**
 * Waits until `condition` returns a truthy value, and checks it every few milliseconds. Fails only after a long time,
 * because a busy machine must not fail a test.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 120_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`timed out after ${limitMs} ms waiting for: ${what}`);
    await pause(5);
  }
}
