/**
 * Faults that can be planted, to check that the simulation finds them. Each removes one property that the design relies
 * on:
 *
 * - `fence-unchecked`: a worker accepts a command even after a newer command has changed the worker.
 * - `claim-not-synced`: a worker writes claims and receipts without syncing its disk, so that a power failure loses
 *   them.
 * - `release-ignores-number`: any command that releases the lease frees it, even if another command now holds the lease.
 * - `promotion-before-receipt`: a command counts as successful, and is promoted, when it begins instead of when it ends.
 * - `receipt-deleted-early`: a worker deletes a receipt once the store has its result, although a standby may lack this
 *   result.
 */
export const FLAWS = [
  "fence-unchecked",
  "claim-not-synced",
  "release-ignores-number",
  "promotion-before-receipt",
  "receipt-deleted-early",
] as const;

export type Flaw = (typeof FLAWS)[number];
