/** An event of a run, as EVENTS.md describes it. Fields that a type lacks are undefined; unknown types are skipped. */
export interface RunEvent {
  readonly seq: number;
  /** ISO time. */
  readonly at: string;
  readonly type: string;
  readonly job?: string | null;
  readonly worker?: string | null;
  readonly outcome?: string;
  readonly message?: string | null;
  readonly hint?: string | null;
  readonly output?: readonly string[];
  readonly command?: string;
  readonly action?: string;
  readonly event?: string;
  readonly index?: number;
  readonly count?: number;
  readonly phase?: string;
  readonly workers?: readonly unknown[];
  readonly jobs?: readonly string[];
  readonly allocations?: unknown;
  readonly failures?: unknown;
  readonly step?: string | number;
  readonly steps?: unknown;
  readonly by?: string;
  readonly to?: string | null;
  readonly state?: string;
  readonly duration_ms?: number;
}
