import type { Edits } from "../drift/edits.ts";
import type { Allocation } from "../workspace/job.ts";
import { type FileChange, filesReason } from "./changed-files.ts";
import { type RestartPolicy, reloadOrRestart } from "./reload-or-restart.ts";

/** The change to an allocation on its worker. */
export type ActionKind = "start" | "restart" | "reload" | "stop" | "remove";

/**
 * The values of a deploy that its files are rendered with. They are stored with the promotion. The next deploy renders
 * the files with the stored values again, so that it does not mistake a change of these values for a change of the job.
 */
export interface Occasion {
  /** The version that ran before that deploy. */
  readonly currentVersion: string;
  /** The `update_seq` of that deploy. */
  readonly updateSeq: number;
}

/** The last promotion of one allocation. */
export interface Promoted {
  readonly digest: string;
  readonly version: string;
  /** Whether the health check after the promotion failed, and no later check has passed. */
  readonly healthFailed: boolean;
  /** Whether it was stopped because it is disabled: promoted, but not running. */
  readonly stopped: boolean;
  /** The number of its release; absent if an older version of maand promoted it. */
  readonly release?: number;
  /** The values its files were rendered with; absent in stores of older versions. */
  readonly occasion?: Occasion;
}

/** A lifecycle command that started but did not lead to a promotion, or the loss of a worker's files. */
export interface Unsettled {
  /** `loss`: the worker lost its files, and the processes that ran from them. */
  readonly kind: ActionKind | "loss";
  /**
   * Whether the result is unknown, because the run was killed or the connection closed. Otherwise the command failed or
   * was not promoted.
   */
  readonly inDoubt: boolean;
  /** Whether the command succeeded, but a later hook failed or the run ended. */
  readonly wentWell?: boolean;
  /** The number of the run that started it. */
  readonly run: number;
  /** The step to continue; absent if its command or a later part of the step failed. */
  readonly resumable?: ResumableStep;
}

/** A step of an earlier run that the next deploy can continue, because its worker keeps a receipt of the step. */
export interface ResumableStep {
  /** The number of the run that left the step open. */
  readonly run: number;
  readonly receipt: string;
  /** The digest of the tree that the step ran with; absent for a stop. */
  readonly digest?: string;
  readonly version?: string;
  /** The `update_seq` that the files of the step were rendered with. */
  readonly updateSeq?: number;
}

/** The recorded state of one allocation. */
export interface RecordedState {
  readonly promoted?: Promoted;
  /** The digest of the files on the worker; `unknown` while a copy to it is in doubt; absent before the first copy. */
  readonly staged?: string | "unknown";
  readonly unsettled?: Unsettled;
  /** The changes on its worker, if a deploy inspected the worker (`--verify`). Not stored. */
  readonly edits?: Edits;
}

/** The version and tree that an allocation should have. */
export interface Target {
  readonly digest: string;
  readonly version: string;
}

export type PlannedAction = "start" | "restart" | "reload" | "sync" | "skip" | "stop" | "promote" | "stop+promote";

/** The action of the next deploy for one allocation, and its reasons. */
export interface Decision {
  readonly action: PlannedAction;
  /** The reasons in words, most important first; never empty. */
  readonly reasons: readonly string[];
  /** Changed files that turned a reload into a restart. */
  readonly matched: readonly string[];
  readonly files: readonly FileChange[];
  /**
   * Whether the allocation is processed before the others, because it is unhealthy, its last command failed or is in
   * doubt, or its worker lost its files.
   */
  readonly priority: boolean;
  /** The step of an earlier run that the action continues. The worker has recorded whether the step ran. */
  readonly continues?: ResumableStep;
}

/** The options of the deploy. */
export interface LifecycleOptions {
  readonly force: boolean;
  readonly syncOnly: boolean;
  /** Changes on workers that the deploy repairs, by allocation id. */
  readonly edits?: ReadonlyMap<string, Edits> | undefined;
}

/**
 * Decides what to do with one allocation that is not removed. An active allocation has priority if its last command
 * failed or is in doubt, or if its health check failed. It is started if it was stopped.
 */
export function decide(
  allocation: Pick<Allocation, "disabled">,
  policy: RestartPolicy,
  target: Target,
  recorded: RecordedState,
  changes: () => readonly FileChange[],
  options: LifecycleOptions,
): Decision {
  const files = recorded.promoted && recorded.promoted.digest !== target.digest ? changes() : [];
  const decided = allocation.disabled
    ? decideDisabled(target, recorded, files, options)
    : decideActive(policy, target, recorded, files, options);
  return {
    matched: [],
    priority: false,
    files,
    ...decided,
    ...continuation(decided.action, target, recorded, options),
  };
}

/**
 * The step to continue. The same action for the same tree and version continues the earlier step, unless the deploy is
 * forced.
 */
function continuation(
  action: PlannedAction,
  target: Target,
  { unsettled }: RecordedState,
  { force }: LifecycleOptions,
): Pick<Decision, "continues"> {
  const step = unsettled?.resumable;
  if (!step || force || unsettled.kind !== action) return {};
  return step.digest === target.digest && step.version === target.version ? { continues: step } : {};
}

type Decided = Pick<Decision, "action" | "reasons"> & Partial<Decision>;

function decideDisabled(
  target: Target,
  { promoted, unsettled }: RecordedState,
  files: readonly FileChange[],
  options: LifecycleOptions,
): Decided {
  const changed = promoted ? changeReasons(target, promoted, files) : ["disabled before its first start"];
  const running = (promoted !== undefined && !promoted.stopped) || unsettled !== undefined;
  if (running) {
    const action = changed.length > 0 || options.force ? "stop+promote" : "stop";
    return { action, reasons: ["disabled", ...doubtReasons(unsettled), ...changed] };
  }
  const why = changed.length === 0 && options.force ? ["forced"] : changed;
  if (why.length > 0) return { action: "promote", reasons: ["disabled and stopped", ...why] };
  return { action: "skip", reasons: ["disabled and stopped"] };
}

function decideActive(
  policy: RestartPolicy,
  target: Target,
  recorded: RecordedState,
  files: readonly FileChange[],
  options: LifecycleOptions,
): Decided {
  const { promoted, unsettled } = recorded;
  const doubt = doubtReasons(unsettled);
  if (!promoted) return { action: "start", reasons: [...doubt, "new"], priority: doubt.length > 0 };
  const health = promoted.healthFailed ? ["health check failed after its promotion"] : [];
  const priority = doubt.length > 0 || promoted.healthFailed;
  const reasons = [...doubt, ...health, ...changeReasons(target, promoted, files)];
  if (promoted.stopped) return { action: "start", reasons: ["re-enabled", ...reasons], priority };
  if (unsettled && MAY_HAVE_STOPPED.has(unsettled.kind)) return { action: "start", reasons, priority };
  const { edits } = recorded;
  const edited = edits ? [`differs on its worker: ${edits.text}`] : [];
  if (reasons.length > 0 || options.force || edits?.syncOnly === false) {
    const all = [...reasons, ...edited];
    return {
      ...reloadOrRestart(policy, [...files, ...(edits?.files ?? [])], {
        restartUnfinished: unsettled?.kind === "restart",
        ...options,
      }),
      reasons: all.length > 0 ? all : ["forced"],
      priority,
    };
  }
  if (edits) return { action: "sync", reasons: edited };
  if (recorded.staged !== target.digest)
    return { action: "sync", reasons: ["its files on the worker differ from the promoted files"] };
  return { action: "skip", reasons: ["unchanged"] };
}

/** The unsettled commands, and the loss, after which an allocation might not be running. */
const MAY_HAVE_STOPPED: ReadonlySet<Unsettled["kind"]> = new Set(["start", "stop", "remove", "loss"] as const);

function doubtReasons(unsettled: Unsettled | undefined): string[] {
  if (!unsettled) return [];
  const { kind, inDoubt, wentWell, run } = unsettled;
  if (kind === "loss") return ["its worker lost its files and the processes that ran from them"];
  if (inDoubt) return [`in doubt: the result of its ${kind} in run ${run} is unknown`];
  return [`its ${kind} in run ${run} ${wentWell ? "succeeded, but a later step did not" : "did not succeed"}`];
}

function changeReasons(target: Target, promoted: Promoted, files: readonly FileChange[]): string[] {
  const reasons: string[] = [];
  if (target.version !== promoted.version) reasons.push(`version ${promoted.version} -> ${target.version}`);
  if (files.length > 0) reasons.push(filesReason(files));
  else if (target.digest !== promoted.digest) reasons.push("files changed");
  return reasons;
}
