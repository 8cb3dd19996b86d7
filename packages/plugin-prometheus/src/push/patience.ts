/** How long something may be tried. */
export interface Patience {
  /** Pauses before another attempt. */
  readonly pausesMs: readonly number[];
  /** All attempts together. */
  readonly totalMs: number;
}

/** The limits after a deploy that changed something: the server may have been restarted by it. */
export const AFTER_CHANGES: Patience = { pausesMs: [250, 500, 1000, 2000], totalMs: 8000 };

/** The limits after a deploy without changes, which must not take longer because of it. */
export const WITHOUT_CHANGES: Patience = { pausesMs: [], totalMs: 1000 };
