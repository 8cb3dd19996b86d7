import { COMMAND_EVENTS, type CommandEvent, type Job, type JobCommand } from "@maand/core";

/** Moments at which commands run (deploy.md 4.1). */
export const EVENTS = Object.keys(COMMAND_EVENTS);

export type { CommandEvent };

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
