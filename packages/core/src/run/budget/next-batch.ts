import type { DowntimeUnit } from "../../domain/budget/downtime.ts";
import type { ScopeSource } from "../scope/contexts.ts";
import { type DowntimeRequest, type RefusedUnit, requestDowntime } from "./arbiter.ts";

/** The members to run next, and the position of their batch. If nothing may go down, the reasons. */
export type NextBatch<Member> =
  | { readonly batch: readonly Member[]; readonly from: number }
  | { readonly refused: readonly RefusedMember<Member>[] };

/** A member that may not go down, and why. */
export interface RefusedMember<Member> {
  readonly member: Member;
  readonly error: RefusedUnit["error"];
}

/** Requests downtime for some members. Each member is one allocation or worker. */
export interface BatchRequest<Member> {
  readonly request: Omit<DowntimeRequest, "units">;
  /** What goes down with a member; undefined if nothing does. */
  unitOf(member: Member): DowntimeUnit | undefined;
}

/**
 * Chooses what may go down next: the first batch, or the part of the batch that the budget allows. If nothing of the
 * batch may go down, the batch waits for a later one, such as the repair of allocations that are down.
 */
export async function nextBatch<Member>(
  run: ScopeSource,
  batches: readonly (readonly Member[])[],
  { request, unitOf }: BatchRequest<Member>,
): Promise<NextBatch<Member>> {
  const refused: RefusedMember<Member>[] = [];
  for (const [at, members] of batches.entries()) {
    const units = new Map(members.map((member) => [member, unitOf(member)]));
    const requested = [...units.values()].filter((unit) => unit !== undefined);
    const answer = requested.length === 0 ? undefined : await requestDowntime(run, { ...request, units: requested });
    const errors = new Map(answer?.refused.map(({ unit, error }) => [unit, error]));
    const errorOf = (member: Member) => {
      const unit = units.get(member);
      return unit && errors.get(unit);
    };
    const batch = members.filter((member) => errorOf(member) === undefined);
    if (batch.length > 0) return { batch, from: at };
    for (const member of members) {
      const error = errorOf(member);
      if (error) refused.push({ member, error });
    }
  }
  return { refused };
}

/** The batches that remain after a choice: the rest of a split batch keeps its position. */
export function restOfBatches<Member>(
  batches: readonly (readonly Member[])[],
  { batch, from }: { readonly batch: readonly Member[]; readonly from: number },
): (readonly Member[])[] {
  const chosen = new Set(batch);
  const later = (batches[from] ?? []).filter((one) => !chosen.has(one));
  return [...batches.slice(0, from), ...(later.length > 0 ? [later] : []), ...batches.slice(from + 1)];
}
