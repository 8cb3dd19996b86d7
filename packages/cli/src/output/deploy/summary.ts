import { duration, plural, type Style, visible } from "@maand/command";
import { groupBy } from "@maand/core/readonly";
import { hintForWorkers } from "../hint-for-workers.ts";
import { foldedMessage } from "./fold-message.ts";
import {
  type Failure,
  type Finished,
  hasProblems,
  hostsOf,
  isReported,
  isWrong,
  type JobEnd,
  jobsOf,
  named,
  type Result,
} from "./job-ends.ts";
import { nextLine } from "./next-line.ts";
import { HEALTH_UNCHECKED, notIncluded } from "./plan.ts";
import { pausedLine } from "./step-lines.ts";

/** The number of last output lines of a command that are shown again if its complete output was already printed. */
const LAST_LINES = 3;

/**
 * The summary of a deploy: per job, the results of its allocations, the failures with their reasons, the skipped
 * allocations, and the next step. Successful jobs come first, so that problems are at the bottom.
 */
export function summaryLines(event: Finished, style: Style, title = "deploy", lastLines = LAST_LINES): string[] {
  const jobs = jobsOf(event);
  const inOrder = [...jobs.filter((job) => !hasProblems(job)), ...jobs.filter(hasProblems)];
  return [
    ...(jobs.length > 0 ? [""] : []),
    ...inOrder.flatMap((job) => jobLines(job, style, lastLines)),
    ...event.paused.map((paused) => pausedLine(paused, style)),
    ...event.warnings.map((line) => `  ${style.warn("warning:")} ${line}`),
    headline(event, style, title),
    ...nextLine(event, jobs, style),
    ...(event.unbuilt.length > 0 ? [`  ${notIncluded(event.unbuilt, style)}`] : []),
  ];
}

/** `api: restarted on 3 workers`, or several such lines below the name. */
function jobLines(job: JobEnd, style: Style, lastLines: number): string[] {
  const of = (...outcomes: readonly string[]) => job.results.filter(({ outcome }) => outcomes.includes(outcome));
  const wrong = job.results.filter(isWrong);
  const failures = job.failures.filter((failure) => !isReported(failure, wrong));
  const parts = [
    ...doneLines(of("ok")),
    ...revertedLines(of("reverted"), style),
    ...wrongLines(wrong, style, lastLines),
    ...failures.flatMap((failure) => failureLines(failure, style, lastLines)),
    ...skippedWorkerLines(job, of("blocked"), [...wrong, ...of("reverted")], style),
    ...waitingLines(of("paused"), style),
  ];
  const name = style.strong(`${job.name}:`);
  if (parts.length === 1) return [`  ${name} ${parts[0]}`];
  return [`  ${name}`, ...parts.map((line) => `    ${line}`)];
}

/** `restarted on 3 workers`, one line per action. */
function doneLines(done: readonly Result[]): string[] {
  return groups(done, past).map((same) => {
    const [first] = same;
    const count = plural(same.length, "worker");
    if (first === undefined) return "";
    return first.action === "verify" ? `healthy on ${count}; ${HEALTH_UNCHECKED}` : `${past(first)} on ${count}`;
  });
}

/** `reverted on 10.0.0.1`, or `stopped again` for allocations that were stopped because their first start failed. */
function revertedLines(reverted: readonly Result[], style: Style): string[] {
  return groups(reverted, ({ action }) => action).map((same) => {
    const what = same[0]?.action === "stop" ? "stopped again" : "reverted";
    return `${style.warn(what)} on ${named(same)}`;
  });
}

/** `waits on 10.0.0.2, 10.0.0.3`. */
function waitingLines(waiting: readonly Result[], style: Style): string[] {
  return waiting.length === 0 ? [] : [`${style.warn("waits")} on ${named(waiting)}`];
}

/** The action in the past tense. For a rollout that a plugin led, the text names only the plugin. */
function past({ action, led_by }: Result): string {
  return led_by === undefined ? (PAST[action] ?? action) : `plugin ${led_by} led the rollout`;
}

const PAST: Readonly<Record<string, string>> = {
  start: "started",
  restart: "restarted",
  reload: "reloaded",
  skip: "unchanged",
  sync: "files synced, no restart",
  stop: "stopped",
  remove: "stopped and removed",
  promote: "recorded, not started (disabled)",
  "stop+promote": "stopped; new version recorded, not applied",
};

/** Equal failures are reported once, with all their workers. */
function wrongLines(wrong: readonly Result[], style: Style, lastLines: number): string[] {
  const alike = groupBy(wrong, ({ message }) => message);
  const keyOf = (result: Result) => {
    const shared = (alike.get(result.message)?.length ?? 0) > 1;
    return [
      result.action,
      result.outcome,
      result.promoted,
      shared ? result.message : without(result),
      tail(result, lastLines),
    ];
  };
  return groups(wrong, (result) => keyOf(result).join("\0")).flatMap((same) => {
    const [first] = same;
    return first
      ? [
          `${actionText(first, same, style)}${why(first, same)}`,
          ...tailLines(first, style, lastLines),
          ...hintLines({ hint: sharedHint(first, same) }, style),
        ]
      : [];
  });
}

/**
 * The hint with all workers of the group instead of the first worker, so that a command in the hint covers all of them.
 */
function sharedHint({ hint, worker_ip }: Result, same: readonly Result[]): string | null {
  return hint === null ? null : hintForWorkers(hint, worker_ip, hostsOf(same));
}

/** The action, its workers, and its outcome. */
function actionText(first: Result, same: readonly Result[], style: Style): string {
  const { action, outcome, promoted } = first;
  if (action === "verify") return `${HEALTH_UNCHECKED}; ${style.bad("not healthy")} on ${named(same)}`;
  if (promoted && outcome === "failed") return `${past(first)} on ${named(same)}, ${style.bad("not healthy")}`;
  if (outcome === "revert_failed") return `${style.bad("not reverted")} on ${named(same)}`;
  const ended = outcome === "disconnected" ? "cut off" : outcome.replace("_", " ");
  return `${style.bad(`${action} ${ended}`)} on ${named(same)}`;
}

function why(first: Result, same: readonly Result[]): string {
  const alike = same.every(({ message }) => message === first.message);
  const text = alike ? (first.message ?? "").replaceAll(` on ${first.worker_ip}`, "") : without(first);
  return text === "" ? "" : `: ${text}`;
}

/** The message without the worker. */
function without({ message, worker_ip }: Result): string {
  return (message ?? "").replaceAll(` on ${worker_ip}`, "").replaceAll(worker_ip, "it");
}

function tailLines(result: Result, style: Style, lastLines: number): string[] {
  const lines = tail(result, lastLines).split("\n");
  return lines.filter((line) => line !== "").map((line) => `  ${style.faint("|")} ${visible(line)}`);
}

function tail({ output }: Result, lastLines: number): string {
  return output.slice(-lastLines).join("\n");
}

function failureLines({ message, hint, output }: Failure, style: Style, lastLines: number): string[] {
  return [
    `${style.bad("failed:")} ${foldedMessage(message)}`,
    ...output.slice(-lastLines).map((line) => `  ${style.faint("|")} ${visible(line)}`),
    ...hintLines({ hint }, style),
  ];
}

function hintLines({ hint }: Pick<Failure, "hint">, style: Style): string[] {
  return hint === null ? [] : [`  ${style.faint("hint:")} ${hint}`];
}

function skippedWorkerLines(
  { by, waits, failures }: JobEnd,
  left: readonly Result[],
  wrong: readonly Result[],
  style: Style,
): string[] {
  if (by !== undefined) return [`${style.warn("blocked:")} it depends on ${by}, which ${waits ? "waits" : "failed"}`];
  if (left.length === 0) return [];
  const refused = failures.some(({ code }) => code === "NOT_PERMITTED");
  return [`${style.warn("skipped")} on ${named(left)}: ${refused ? "not permitted" : whatFailedBefore(wrong)}`];
}

/**
 * The reason why allocations were skipped. Removed and stopped allocations are processed first, then the batches in
 * order.
 */
function whatFailedBefore(wrong: readonly Result[]): string {
  const leaves = ({ action }: Result) => action === "stop" || action === "remove";
  if (wrong.some(({ outcome }) => outcome === "interrupted")) return "the deploy was interrupted";
  if (wrong.some((result) => !leaves(result))) return "an earlier batch failed";
  const stuck = wrong.filter((result) => leaves(result) && result.outcome !== "unreachable");
  return stuck.length > 0 ? `the job could not be stopped on ${named(stuck)}` : "an earlier step failed";
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  return [...groupBy(items, keyOf).values()];
}

const BAD: Readonly<Record<string, string>> = {
  interrupted: "interrupted:",
  reverted: "reverted:",
  revert_failed: "failed, and so did its revert:",
};

function headline(event: Finished, style: Style, title: string): string {
  const interrupted = event.allocations.filter(({ outcome }) => outcome === "interrupted").length;
  const waiting = event.allocations.filter(({ outcome }) => outcome === "paused").length;
  const counts = [
    `${event.promoted} promoted`,
    `${event.skipped} unchanged`,
    ...(event.reverted > 0 ? [`${event.reverted} reverted`] : []),
    ...(event.failed > 0 ? [`${event.failed} failed`] : []),
    ...(interrupted > 0 ? [`${interrupted} interrupted`] : []),
    ...(event.blocked > 0 ? [`${event.blocked} skipped`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
  ].join(", ");
  const took = style.faint(`in ${duration(event.duration_ms)}`);
  if (event.outcome === "ok") return `${style.good(`${title} done:`)} ${counts} ${took}`;
  if (event.outcome === "paused") return `${style.warn(`${title} paused:`)} ${counts} ${took}`;
  return `${style.bad(`${title} ${BAD[event.outcome] ?? "failed:"}`)} ${counts} ${took}`;
}
