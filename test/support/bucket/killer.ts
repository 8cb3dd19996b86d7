import { fileURLToPath } from "node:url";
import type { MaandOptions } from "./maand.ts";

/** Disables the cache of compiled code, because writing it would be a step of the first run only. */
const KEEPS_NOTHING = { NODE_DISABLE_COMPILE_CACHE: "1" };
const MODULE = fileURLToPath(new URL("kill-at-step.mjs", import.meta.url));

/** Options that make a run send itself a signal, by default SIGKILL, at a given step. */
export function killer({
  step,
  signal = "SIGKILL",
}: {
  readonly step: number;
  readonly signal?: NodeJS.Signals;
}): Pick<MaandOptions, "preload" | "env"> {
  return { preload: [MODULE], env: { ...KEEPS_NOTHING, MAAND_TEST_KILL_AT: String(step), MAAND_TEST_SIGNAL: signal } };
}

/** Options that make a run write the number of its steps at its end. */
export function stepCounter(file: string): Pick<MaandOptions, "preload" | "env"> {
  return { preload: [MODULE], env: { ...KEEPS_NOTHING, MAAND_TEST_COUNT_FILE: file } };
}
