import { fileURLToPath } from "node:url";
import type { MaandOptions } from "./maand.ts";

/** What a command keeps of its own compiled code is no step of its work, and the first run alone would do it. */
const KEEPS_NOTHING = { NODE_DISABLE_COMPILE_CACHE: "1" };
const MODULE = fileURLToPath(new URL("kill-at-step.mjs", import.meta.url));

/** What makes a run get a signal, by default SIGKILL, from itself at one of its steps. */
export function killer({
  step,
  signal = "SIGKILL",
}: {
  readonly step: number;
  readonly signal?: NodeJS.Signals;
}): Pick<MaandOptions, "preload" | "env"> {
  return { preload: [MODULE], env: { ...KEEPS_NOTHING, MAAND_TEST_KILL_AT: String(step), MAAND_TEST_SIGNAL: signal } };
}

/** What makes a run write at its end how many steps it took. */
export function stepCounter(file: string): Pick<MaandOptions, "preload" | "env"> {
  return { preload: [MODULE], env: { ...KEEPS_NOTHING, MAAND_TEST_COUNT_FILE: file } };
}
