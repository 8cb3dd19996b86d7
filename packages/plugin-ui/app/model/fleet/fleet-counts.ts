import type { FleetAnswer } from "../../../src/contract.ts";
import { ALLOCATION_SIGNS, type StateSign } from "../signs.ts";

/** A shown state of the fleet, and the number of allocations in this state. */
export interface StateCount extends StateSign {
  readonly key: string;
  readonly count: number;
}

/**
 * The symbols for states of a fleet, by the character of a cell. A state that is unknown to this page keeps the
 * server's symbol.
 */
export function cellSigns(fleet: FleetAnswer): ReadonlyMap<string, StateSign & { readonly key: string }> {
  return new Map(
    fleet.states.map(({ key, sign, text, level }) => {
      const known = Object.hasOwn(ALLOCATION_SIGNS, key) ? ALLOCATION_SIGNS[key] : undefined;
      return [sign, { key, ...(known ?? { sign, text, level }) }];
    }),
  );
}

/** The current states of allocations, the most urgent first, in the order of the server's table. */
export function stateCounts(fleet: FleetAnswer): StateCount[] {
  const signs = [...cellSigns(fleet).values()];
  const order = Object.keys(ALLOCATION_SIGNS);
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : -1);
  return signs
    .map((sign) => ({ ...sign, count: fleet.jobs.reduce((sum, { counts }) => sum + (counts[sign.key] ?? 0), 0) }))
    .filter(({ key, count }) => count > 0 && key !== "none")
    .sort((one, other) => place(one.key) - place(other.key));
}
