/** How long to retry something. */
export interface Patience {
  /** The pauses before further attempts. */
  readonly pausesMs: readonly number[];
  /** The limit for all attempts together. */
  readonly totalMs: number;
}

/** The limits after a deploy that changed something, because it may have restarted the server. */
export const AFTER_CHANGES: Patience = { pausesMs: [250, 500, 1000, 2000], totalMs: 8000 };

/** The limits after a deploy without changes, which must stay fast. */
export const WITHOUT_CHANGES: Patience = { pausesMs: [], totalMs: 1000 };
