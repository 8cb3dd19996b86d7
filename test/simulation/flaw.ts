/**
 * Faults that can be planted, to check that the simulation finds them. Each removes one property that the design relies
 * on:
 *
 * - `fence-unchecked`: a worker also obeys a command after a newer one has changed it.
 * - `claim-not-synced`: a claim and a receipt are written to a worker's disk, and not synced: a power failure loses
 *   them.
 * - `release-ignores-number`: any command that releases the lease frees it, even if another command holds the lease by
 * then.
 * - `promotion-before-receipt`: a command counts as done, and is promoted, when it begins instead of when it has ended.
 * - `receipt-deleted-early`: a worker deletes a receipt once the store has its result, although a standby may lack this
 * result.
 */
export const FLAWS = [
  "fence-unchecked",
  "claim-not-synced",
  "release-ignores-number",
  "promotion-before-receipt",
  "receipt-deleted-early",
] as const;

export type Flaw = (typeof FLAWS)[number];
