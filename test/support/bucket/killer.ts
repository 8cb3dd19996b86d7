import { fileURLToPath } from "node:url";
import type { MaandOptions } from "./maand.ts";

/** Writing compiled code to the cache is not a step of a command's work, and only the first run would do it. */
const KEEPS_NOTHING = { NODE_DISABLE_COMPILE_CACHE: "1" };
const MODULE = fileURLToPath(new URL("kill-at-step.mjs", import.meta.url));

/** Options with which a run sends itself a signal, by default SIGKILL, at one of its steps. */
export function killer({
  step,
  signal = "SIGKILL",
}: {
  readonly step: number;
  readonly signal?: NodeJS.Signals;
}): Pick<MaandOptions, "preload" | "env"> {
  return { preload: [MODULE], env: { ...KEEPS_NOTHING, MAAND_TEST_KILL_AT: String(step), MAAND_TEST_SIGNAL: signal } };
}

/** Options with which a run writes the number of its steps at its end. */
export function stepCounter(file: string): Pick<MaandOptions, "preload" | "env"> {
  return { preload: [MODULE], env: { ...KEEPS_NOTHING, MAAND_TEST_COUNT_FILE: file } };
}
