import { setTimeout as pause } from "node:timers/promises";
import { isMaandError, MaandError } from "@maand/core/readonly";
import type { ProcessContext } from "../context.ts";
import { visibleLines } from "../escape-control.ts";

/** Milliseconds between two attempts. */
const EVERY_MS = 500;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** The parts of a command that waiting needs. */
interface Waiting {
  /** The value of `--wait`. */
  readonly wait: string | boolean | undefined;
  readonly context: Pick<ProcessContext, "stderr" | "signal">;
}

/**
 * Runs `work`. With `--wait`, runs it again while it is refused because another command uses the bucket. Prints what it
 * waits for. Throws BUSY when the time is up.
 */
export async function whenFree<T>({ wait, context }: Waiting, work: () => Promise<T>): Promise<T> {
  if (wait === undefined || wait === false) return work();
  const limit = wait === true ? Number.POSITIVE_INFINITY : duration(wait);
  const end = performance.now() + limit;
  let shown = "";
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (!isMaandError(cause) || cause.code !== "BUSY" || !cause.refused) throw cause;
      if (performance.now() >= end) throw cause;
      if (cause.message !== shown) context.stderr.write(`waiting: ${visibleLines(cause.message)}\n`);
      shown = cause.message;
    }
    await pause(EVERY_MS, undefined, { signal: context.signal }).catch(() => {
      throw new MaandError({ code: "INTERRUPTED", message: "interrupted while waiting; nothing was changed" });
    });
  }
}

/** `90`, `90s`, `5m` or `1h` in milliseconds. Throws USAGE. */
function duration(text: string): number {
  const [, count, unit = "s"] = /^(\d{1,6}(?:\.\d+)?)([smh]?)$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNITS[unit || "s"] ?? 1000);
  throw new MaandError({
    code: "USAGE",
    message: `--wait=${text} is not a time`,
    hint: "write --wait, --wait=90s or --wait=5m",
  });
}
