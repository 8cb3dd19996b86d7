import { constants } from "node:os";

/** Signals that end a command. */
export const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One of {@link ENDING}. */
export type Ending = (typeof ENDING)[number];

/** The variable with which `bin/maand.js` passes on the signals that were ignored when it started. */
export const IGNORED = "MAAND_IGNORED_SIGNALS";

/**
 * The signals that were ignored when maand started, for example by nohup, or by a shell for background jobs. They stay
 * ignored. Node does not report them, because it resets all signals before maand runs, so the shell that starts Node
 * reads the mask in /proc/self/status. Without that file, no signal counts as ignored.
 */
export function ignoredSignals(mask: string | undefined): ReadonlySet<Ending> {
  if (mask === undefined || !/^[0-9a-f]+$/i.test(mask)) return new Set();
  const bits = BigInt(`0x${mask}`);
  return new Set(ENDING.filter((signal) => (bits >> BigInt(constants.signals[signal] - 1)) & 1n));
}
