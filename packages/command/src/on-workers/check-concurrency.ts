import { MaandError } from "@maand/core/readonly";

/** Throws USAGE unless the concurrency is an integer of at least 1. */
export function checkConcurrency(concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency >= 1) return;
  throw new MaandError({
    code: "USAGE",
    message: `--concurrency must be a whole number of at least 1, but is ${concurrency}`,
  });
}
