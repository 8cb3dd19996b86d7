import type { Job, JobCommand } from "@maand/core";
import { COMMAND_EVENTS, type CommandEvent } from "@maand/core/toolbox";

/** The events at which commands run. */
export const EVENTS = Object.keys(COMMAND_EVENTS);

export type { CommandEvent };

/** The commands of a job for an event, in name order, which is also the order in which they run. */
export function commandsFor({ commands }: Pick<Job, "commands">, event: CommandEvent): JobCommand[] {
  return commands
    .filter(({ executedOn }) => executedOn.includes(event))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Whether a job has commands for an event; the taps declare this as `concerns`. */
export function concerns(event: CommandEvent): (job: Job) => boolean {
  return ({ commands }) => commands.some(({ executedOn }) => executedOn.includes(event));
}
