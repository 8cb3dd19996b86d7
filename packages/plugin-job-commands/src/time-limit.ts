import type { Job, Settings } from "@maand/core";
import { COMMAND_SETTINGS } from "./claim.ts";

/** The time limit of a job's command, in milliseconds, from its manifest or `timeouts.hook`. */
export function commandLimitMs(job: Job, settings: Settings): number {
  return (job.timeoutSeconds ?? COMMAND_SETTINGS.from(settings)["timeouts.hook"]) * 1000;
}
