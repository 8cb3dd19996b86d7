import type { RecordedState } from "../deploy/plan.ts";
import type { Allocation } from "../workspace/job.ts";

/** Why an allocation counts as unavailable. */
export type AwayCause =
  /** Disabled, and stopped. */
  | "drained"
  /** Taken down by a command, and not yet started again or not yet seen healthy. */
  | "taken_down"
  /** The result of its last command is unknown. */
  | "in_doubt"
  /** Its last command failed, or its files were lost. */
  | "failed"
  /** Its health check failed. */
  | "unhealthy"
  /** The health check of the whole job fails without naming an allocation. */
  | "suspect"
  /** Promoted, but not checked for health since then. */
  | "unchecked"
  /** Its worker cannot be reached now. */
  | "unreachable"
  /** Enabled again, but not started yet. */
  | "stopped"
  /** Never started. */
  | "not_started";

/** An allocation that is unavailable, or must count as unavailable. */
export interface Away {
  readonly host: string;
  readonly cause: AwayCause;
  /** For `taken_down`: the command that took it down, such as `maand job stop` or `maintenance`. */
  readonly by?: string;
  /**
   * Present if it was seen healthy. Such an allocation counts as unavailable, but taking it down still uses the budget.
   */
  readonly isUp?: true;
}

/** A command that took an allocation down. It is stored until the allocation is available again. */
export interface RecordedDowntime {
  readonly allocation: string;
  readonly kind: DowntimeRecordKind;
  /** The command, such as `maand job restart`. */
  readonly by: string;
  /** ISO time. */
  readonly since: string;
  /** The user that ran the command. */
  readonly user: string;
}

/**
 * The kind of a recorded downtime, which decides when it ends. A `restart` ends when its allocation is seen healthy, a
 * `stop` when it is started again or seen healthy. Only its own command ends a `maintenance`.
 */
export type DowntimeRecordKind = "restart" | "stop" | "maintenance";

/** Everything that is recorded about one allocation. */
export interface Records {
  readonly recorded: RecordedState;
  readonly downtime: RecordedDowntime | undefined;
  /** Whether its health has not been checked since its promotion. */
  readonly isUnchecked: boolean;
}

/** What this run has observed about allocations; a later observation replaces an earlier one. */
export type Seen = "healthy" | "unhealthy" | "suspect" | "unreachable";

type Known = Pick<Allocation, "host" | "disabled">;

/** Whether an allocation is unavailable, and why, according to the records and to later observations. */
export function awayOf({ host, disabled }: Known, records: Records, seen: Seen | undefined): Away | undefined {
  const recorded = fromRecords(disabled, records);
  if (recorded && !(seen === "healthy" && FREED_BY_HEALTH.has(freedAs(recorded.cause, records.downtime))))
    return { host, ...recorded, ...(seen === "healthy" && UNCERTAIN.has(recorded.cause) ? { isUp: true } : {}) };
  return seen === undefined || seen === "healthy" ? undefined : { host, cause: seen };
}

type Found = Omit<Away, "host">;

function fromRecords(disabled: boolean, { recorded, downtime, isUnchecked }: Records): Found | undefined {
  const { promoted, unsettled } = recorded;
  if (downtime) return { cause: "taken_down", by: downtime.by };
  if (disabled && unsettled === undefined && (promoted === undefined || promoted.stopped)) return { cause: "drained" };
  if (unsettled) return { cause: unsettled.inDoubt || unsettled.wentWell ? "in_doubt" : "failed" };
  if (promoted === undefined) return { cause: "not_started" };
  if (promoted.stopped) return { cause: "stopped" };
  if (promoted.healthFailed) return { cause: "unhealthy" };
  return isUnchecked ? { cause: "unchecked" } : undefined;
}

/**
 * The cause that decides when an allocation counts as available again. For a recorded downtime, this is the kind of the
 * downtime.
 */
function freedAs(cause: AwayCause, downtime: RecordedDowntime | undefined): AwayCause | DowntimeRecordKind {
  return cause === "taken_down" && downtime ? downtime.kind : cause;
}

/**
 * Causes that a passing health check ends. Other causes remain: a command in doubt might still run, and a drained
 * allocation must stay down.
 */
const FREED_BY_HEALTH: ReadonlySet<AwayCause | DowntimeRecordKind> = new Set([
  "unhealthy",
  "unchecked",
  "restart",
  "stop",
] as const);

/** Causes with which an allocation might be running. */
const UNCERTAIN: ReadonlySet<AwayCause> = new Set(["in_doubt", "failed"] as const);

/** Whether only a health check can show that the allocation is running. */
export function isUncertain({ cause }: Away): boolean {
  return UNCERTAIN.has(cause);
}

/** Whether a passed health check can show that the allocation is available again. */
export function mayBeBack({ cause }: Away, downtime: RecordedDowntime | undefined): boolean {
  return FREED_BY_HEALTH.has(freedAs(cause, downtime));
}
