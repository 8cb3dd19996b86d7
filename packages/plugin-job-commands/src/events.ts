import type { Job, JobCommand } from "@maand/core";

/** Moments at which commands run (deploy.md 4.1). */
export const EVENTS = [
  "post_build",
  "pre_deploy",
  "job_control",
  "after_allocation_started",
  "after_allocation_stopped",
  "health_check",
  "post_deploy",
  "cli",
] as const;

export type CommandEvent = (typeof EVENTS)[number];

/** A job's commands for an event, by name: the order they run in (B13). */
export function commandsFor({ commands }: Pick<Job, "commands">, event: CommandEvent): JobCommand[] {
  return commands
    .filter(({ executedOn }) => executedOn.includes(event))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Whether a job has commands for an event: what a tap is asked before it is called. */
export function concerns(event: CommandEvent): (job: Job) => boolean {
  return ({ commands }) => commands.some(({ executedOn }) => executedOn.includes(event));
}
