import type { Job, Settings } from "@maand/core";
import { COMMAND_SETTINGS } from "./claim.ts";

/** The timeout of a job's commands, in milliseconds, from its manifest or `timeouts.hook`. */
export function commandLimitMs(job: Job, settings: Settings): number {
  return (job.timeoutSeconds ?? COMMAND_SETTINGS.from(settings)["timeouts.hook"]) * 1000;
}
