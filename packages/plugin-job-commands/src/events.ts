import type { Allocation, Job, JobCommand, ScopedJobContext } from "@maand/core";
import { COMMAND_EVENTS, type CommandEvent } from "@maand/core/toolbox";

/** The events for which commands run. */
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

/**
 * The allocations that a command runs for: all, or with `once` the active allocation with the lowest index. If all are
 * disabled, it is the allocation with the lowest index.
 */
export function allocationsFor(
  { once }: Pick<JobCommand, "once">,
  allocations: readonly Allocation[],
  { scope }: Pick<ScopedJobContext, "scope">,
): readonly Allocation[] {
  if (once !== true || allocations.length < 2) return allocations;
  const indexed = allocations.map((allocation) => ({ allocation, index: scope(allocation).index }));
  const inOrder = indexed.sort((a, b) => a.index - b.index).map(({ allocation }) => allocation);
  const first = inOrder.find(({ disabled }) => !disabled) ?? inOrder[0];
  return first === undefined ? [] : [first];
}
