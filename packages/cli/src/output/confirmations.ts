import { plural } from "@maand/command";
import type { Confirmation } from "@maand/command/internal";
import type { ExpectedStops, PlannedCollection } from "@maand/core/internal";
import { compareHosts } from "@maand/core/internal";
import { groupBy } from "@maand/core/readonly";

interface Unit {
  readonly job: string;
  readonly host: string;
}

/** The minimum number of workers for which a command requires confirmation to stop or delete something. */
const SEVERAL = 2;

/**
 * The confirmation that a deploy requires before it stops allocations on several workers, or all allocations of the
 * bucket; undefined if none is required.
 */
export function confirmStops({ stops, isFleetEmpty }: ExpectedStops): Confirmation | undefined {
  const units = stops.map(({ allocation }) => allocation);
  if (stops.length === 0 || (hostsOf(units).length < SEVERAL && !isFleetEmpty)) return undefined;
  const groups = groupBy(stops, ({ job, remove, reason }) => JSON.stringify([job.name, remove, reason]));
  const lines = [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const what = first.remove ? "stop, and delete the files of" : "stop";
    return `  ${what} ${first.job.name} on ${named(same.map(({ allocation }) => allocation))}: ${first.reason}`;
  });
  const removes = stops.some(({ remove }) => remove);
  return {
    lines: [
      ...(isFleetEmpty ? ["workspace/workers.json no longer lists any worker"] : []),
      `this deploy stops ${counted(units)}:`,
      ...lines,
      ...(removes ? ["  data and logs of removed jobs remain on the workers until maand gc"] : []),
    ],
    question: "deploy",
  };
}

/** The confirmation that `maand gc` requires before it deletes directories on several workers. */
export function confirmDeletes({ delete: found, giveUp }: PlannedCollection): Confirmation | undefined {
  if (hostsOf(found).length < SEVERAL) return undefined;
  return {
    lines: [
      `this deletes the directories of ${counted(found)}, with their data and logs:`,
      ...byJob(found),
      ...(giveUp.length === 0 ? [] : [`  and only the records of ${counted(giveUp)} that cannot be reached`]),
    ],
    question: "delete them",
  };
}

/** The confirmation that `maand job stop` requires before it stops jobs on several workers. */
export function confirmJobStop(found: readonly Unit[]): Confirmation | undefined {
  if (hostsOf(found).length < SEVERAL) return undefined;
  return { lines: [`this stops ${counted(found)}:`, ...byJob(found)], question: "stop them" };
}

function byJob(units: readonly Unit[]): string[] {
  return [...groupBy(units, ({ job }) => job)].map(([job, some]) => `  ${job} on ${named(some)}`);
}

/** `5 allocations on 3 workers`. */
function counted(units: readonly Unit[]): string {
  return `${plural(units.length, "allocation")} on ${plural(hostsOf(units).length, "worker")}`;
}

/** The number of hosts that are named; the others are counted. */
const NAMED = 12;

function named(units: readonly Unit[]): string {
  const hosts = hostsOf(units);
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${hosts.length - NAMED + 1} more workers`;
}

function hostsOf(units: readonly Unit[]): string[] {
  return [...new Set(units.map(({ host }) => host))].sort(compareHosts);
}
