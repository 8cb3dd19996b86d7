import type { RecordedState } from "../deploy/plan.ts";
import type { Allocation } from "../workspace/job.ts";

/** Why an allocation counts as away. */
export type AwayCause =
  /** Disabled, and stopped. */
  | "drained"
  /** Taken down by a command that has not brought it back, or not seen it healthy. */
  | "taken_down"
  /** The result of its last command is unknown. */
  | "in_doubt"
  /** Its last command failed, or its files were lost. */
  | "failed"
  /** Its health check failed. */
  | "unhealthy"
  /** The health check of its job fails, and names no allocation. */
  | "suspect"
  /** Promoted, and its health not checked since. */
  | "unchecked"
  /** Its worker cannot be reached now. */
  | "unreachable"
  /** Enabled again, and not started yet. */
  | "stopped"
  /** Never started. */
  | "not_started";

/** An allocation that is away, or has to be taken as away. */
export interface Away {
  readonly host: string;
  readonly cause: AwayCause;
  /** For `taken_down`: the command that took it down, as `maand job stop` or `maintenance`. */
  readonly by?: string;
  /** It was seen healthy, so that it counts as away, and taking it down still costs something. */
  readonly isUp?: true;
}

/** A command that took an allocation down, as it is stored until the allocation is back. */
export interface RecordedDowntime {
  readonly allocation: string;
  readonly kind: DowntimeRecordKind;
  /** What a person calls the command: `maand job restart`. */
  readonly by: string;
  /** ISO time. */
  readonly since: string;
  /** The user that ran the command. */
  readonly user: string;
}

/**
 * What ends a recorded downtime: one of a `restart` ends when its allocation is seen healthy, one of a `stop` when it is started again, or seen
 * healthy. Only the command that made it ends one of a `maintenance`.
 */
export type DowntimeRecordKind = "restart" | "stop" | "maintenance";

/** Everything that is recorded about one allocation. */
export interface Records {
  readonly recorded: RecordedState;
  readonly downtime: RecordedDowntime | undefined;
  /** Its health was not checked since it was promoted. */
  readonly isUnchecked: boolean;
}

/** What this run has seen of allocations; a later observation replaces an earlier one. */
export type Seen = "healthy" | "unhealthy" | "suspect" | "unreachable";

type Known = Pick<Allocation, "host" | "disabled">;

/** Whether an allocation is away, and why, according to the records and to what was seen since. */
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

/** A recorded downtime is freed by what it is, and not by its cause. */
function freedAs(cause: AwayCause, downtime: RecordedDowntime | undefined): AwayCause | DowntimeRecordKind {
  return cause === "taken_down" && downtime ? downtime.kind : cause;
}

/** Away only until a health check says otherwise. A command in doubt may still run, and what is drained is to stay away. */
const FREED_BY_HEALTH: ReadonlySet<AwayCause | DowntimeRecordKind> = new Set([
  "unhealthy",
  "unchecked",
  "restart",
  "stop",
] as const);

/** Causes that leave open whether it runs. */
const UNCERTAIN: ReadonlySet<AwayCause> = new Set(["in_doubt", "failed"] as const);

/** Whether only a health check tells if it runs. */
export function isUncertain({ cause }: Away): boolean {
  return UNCERTAIN.has(cause);
}

/** Whether a health check may free it. */
export function mayBeBack({ cause }: Away, downtime: RecordedDowntime | undefined): boolean {
  return FREED_BY_HEALTH.has(freedAs(cause, downtime));
}
