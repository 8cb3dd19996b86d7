import type { TracedCall } from "@maand/core/internal";

/** A track of the viewer. Its calls are nested or follow each other. */
interface Lane {
  readonly tid: number;
  /** The ends of the calls that could contain the next call, innermost last. */
  readonly open: number[];
}

/** The lanes of each unit. */
export type Lanes = Map<string, Lane[]>;

/**
 * The number of the lane for a call. Pass calls after their callers. Calls of one unit that a plugin made in parallel
 * need several lanes, because a viewer does not show overlapping bars in one track correctly.
 */
export function laneOf(lanes: Lanes, { unit, startMs, endMs = Number.POSITIVE_INFINITY }: TracedCall): number {
  const own = lanes.get(unit) ?? [];
  lanes.set(unit, own);
  for (const { open } of own) while (open.length > 0 && (open.at(-1) ?? 0) <= startMs) open.pop();
  const free = own.find(({ open }) => (open.at(-1) ?? Number.POSITIVE_INFINITY) >= endMs);
  const lane = free ?? { tid: 1 + [...lanes.values()].flat().length, open: [] };
  if (!free) own.push(lane);
  lane.open.push(endMs);
  return lane.tid;
}
