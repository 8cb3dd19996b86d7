/** Code shared by commands that run scripts on workers, without clipanion. */
export { checkConcurrency } from "./check-concurrency.ts";
export { expectsReboot, type RebootKind } from "./expects-reboot.ts";
export { UNATTENDED_ENVIRONMENT, UNATTENDED_SCRIPT } from "./unattended-script.ts";
