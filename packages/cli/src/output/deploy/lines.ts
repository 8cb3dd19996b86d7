import { duration, plural, type Style, visible } from "@maand/command";
import type { MaandEvent, Outcome } from "@maand/core";
import type { OutputEvent, PrintedLines } from "@maand/core/toolbox";
import { wrapped } from "../wrap.ts";
import { driftEventLines } from "./drift-event-lines.ts";
import { maintenanceLines } from "./maintenance-lines.ts";
import { rolloutLines } from "./step-lines.ts";
import { summaryLines } from "./summary.ts";

type Waiting = Extract<MaandEvent, { type: "tap.waiting" }>;
type Budgeted = Extract<MaandEvent, { type: "budget.refused" | "budget.ignored" }>;
type Started = Extract<MaandEvent, { type: "job.started" }>;
type Planned = Extract<MaandEvent, { type: "script.planned" }>;

/** The options for lines. */
export interface LineOptions {
  readonly style: Style;
  /** Whether to print only failures and the result. */
  readonly quiet?: boolean;
  /** The width to which the result is wrapped; undefined for no wrapping. */
  readonly columns?: () => number | undefined;
  /**
   * The number of last lines of output in the result, below each failure; default 3, because the complete output was
   * already printed.
   */
  readonly lastLines?: number;
  /** Changes the lines of the result after they were wrapped, for example to add links. */
  readonly finish?: (lines: string[]) => string[];
}

/** Returns the lines to print for an event. `printed` does the same for lines of output that arrived together. */
export interface EventLines {
  (event: MaandEvent): string[];
  printed(printed: PrintedLines): string[];
}

/**
 * Returns a function that returns the lines to print for each event. For most events, nothing is printed. Lines that
 * were already printed as output are not repeated.
 */
export function eventLines({ style, quiet = false, columns, lastLines, finish }: LineOptions): EventLines {
  let title = "deploy";
  const soaking = new Set<string>();
  const printed = new Set<string>();
  const read = (event: MaandEvent) => {
    if (event.type === "run.started") title = TITLES[event.command] ?? title;
    if (event.type === "rollout.soaking") soaking.add(event.job);
    if (event.type === "rollout.step" || event.type === "job.finished") soaking.delete(event.job);
    if (event.type === "health.finished" && event.outcome === "passed" && soaking.has(event.job)) return [];
    if (event.type === "output" && !quiet) printed.add(unitOf(event));
    if (event.type === "action.started") printed.delete(unitOf(event));
    if (event.type === "run.finished") {
      const result = wrapped(resultLines(event, { style, title, lastLines }), columns?.());
      return finish ? finish(result) : result;
    }
    const found = quiet ? quietLines(event, style) : lines(event, style);
    return event.type === "action.finished" && printed.delete(unitOf(event)) ? found.slice(0, 1) : found;
  };
  return Object.assign(read, {
    printed({ first, lines }: PrintedLines) {
      if (quiet) return [];
      printed.add(unitOf(first));
      return outputLines(first, lines, style);
    },
  });
}

function unitOf({ job, worker }: { readonly job: string | null; readonly worker: string | null }): string {
  return `${job ?? ""}@${worker ?? ""}`;
}

interface ResultOptions {
  readonly style: Style;
  readonly title: string;
  readonly lastLines: number | undefined;
}

/** The result of a deploy. A refused deploy has only its warnings, because the error follows. */
function resultLines(event: Extract<MaandEvent, { type: "run.finished" }>, options: ResultOptions): string[] {
  const { style, title, lastLines } = options;
  if (event.outcome === "refused") return event.warnings.map((message) => `${style.warn("warning:")} ${message}`);
  return summaryLines(event, style, title, lastLines);
}

const TITLES: Readonly<Record<string, string>> = { rollback: "rollback", "rollout abort": "abort" };

function quietLines(event: MaandEvent, style: Style): string[] {
  if (event.type === "worker.failed") return lines(event, style);
  if (event.type === "maintenance.finished") return lines(event, style);
  if (event.type === "maintenance.worker" && event.state === "set_aside") return lines(event, style);
  if (event.type === "budget.refused" || event.type === "budget.ignored") return lines(event, style);
  if (event.type === "tap.waiting" && event.stopping) return lines(event, style);
  if (event.type === "script.finished" && event.outcome !== "ok")
    return [...lines(event, style), ...event.output.map((line) => `  ${style.faint("|")} ${visible(line)}`)];
  return event.type === "action.finished" && event.outcome !== "ok" ? lines(event, style) : [];
}

function lines(event: MaandEvent, style: Style): string[] {
  switch (event.type) {
    case "run.started":
      return event.continues === null ? [] : [style.faint(`resuming run ${event.continues}`)];
    case "warning":
      return [`${style.warn("warning:")} ${event.message}`];
    case "tap.waiting":
      return [waitingLine(event, style)];
    case "worker.failed":
      return [
        `${style.bad(event.outcome)} ${event.worker}: ${event.message}`,
        ...(event.hint === null ? [] : [`  ${style.faint("hint:")} ${event.hint}`]),
      ];
    case "job.skipped":
      return [style.faint(`${event.job}: nothing to do, ${event.reason}`)];
    case "job.blocked":
      return [`${style.warn("blocked")} ${event.job}: depends on ${event.by}`];
    case "job.started":
      return event.batches === 0 ? [] : [startedLine(event, style)];
    case "revert.started":
      return [
        `${style.bad(`${event.job} ${event.from} failed:`)} ${event.reason}`,
        `${style.strong(event.job)}: ${event.to === null ? "stopping what was started" : `reverting to ${event.to}`} on ${event.workers.join(", ")}`,
      ];
    case "revert.finished":
      return event.outcome === "reverted"
        ? [`${style.warn("reverted")} ${event.job} ${style.faint(duration(event.duration_ms))}`]
        : [`${style.bad("revert failed")} ${event.job}: ${event.message}`];
    case "stage.finished":
      if (event.jobs.length === 0) return [];
      return [
        `${word(event.outcome, style)} files of ${event.jobs.join(", ")} to ${event.worker} ${style.faint(duration(event.duration_ms))}`,
      ];
    case "batch.started":
      return [style.faint(`${event.job}: batch ${event.index + 1} of ${event.count}: ${event.workers.join(", ")}`)];
    case "action.started":
      return event.resumes === null
        ? []
        : [style.faint(`${event.action} ${event.job}@${event.worker}: continues run ${event.resumes}`)];
    case "action.finished":
      return [
        `${word(event.outcome, style)} ${event.action} ${event.job}@${event.worker} ${style.faint(duration(event.duration_ms))}${event.message === null ? "" : ` ${event.message}`}`,
        ...event.output.map((line) => `  ${style.faint("|")} ${visible(line)}`),
      ];
    case "command.finished":
      if (event.event === "health_check") return [];
      return [
        `${word(event.outcome, style)} ${event.command} (${event.event}) ${event.job}@${event.worker} ${style.faint(duration(event.duration_ms))}`,
      ];
    case "health.finished":
      if (event.outcome === "skipped") return [];
      return [
        `${word(event.outcome === "passed" ? "ok" : "failed", style)} health of ${event.job} ${style.faint(duration(event.duration_ms))}${event.message === null ? "" : ` ${event.message}`}`,
      ];
    case "script.planned":
      return event.workers.length < 2 ? [] : [plannedLine(event, style)];
    case "script.finished":
      return [
        `${word(event.outcome, style)} ${event.worker} ${style.faint(duration(event.duration_ms))}${event.message === null ? "" : ` ${event.message}`}`,
      ];
    case "output":
      return outputLines(event, [event.line], style);
    case "budget.refused":
    case "budget.ignored":
      return budgetLines(event, style);
    default:
      return driftEventLines(event, style) ?? [...rolloutLines(event, style), ...maintenanceLines(event, style)];
  }
}

function startedLine({ job, allocations, batches, stops_when }: Started, style: Style): string {
  return `${style.strong(job)}: ${plural(allocations, "allocation")} in ${plural(batches, "batch", "batches")}; stops when ${stops_when}`;
}

/** The unit that the availability budget protects, or that is stopped despite the budget, and the reason. */
function budgetLines({ type, worker, jobs, message, hint }: Budgeted, style: Style): string[] {
  const unit = worker === null ? jobs.join(", ") : jobs.length === 1 ? `${jobs[0]}@${worker}` : worker;
  if (type === "budget.ignored") return [`${style.warn("budget ignored")} ${unit}: ${message}`];
  const next = hint === null ? [] : [`  ${style.faint("hint:")} ${hint}`];
  return [`${style.bad("refused")} ${unit}: ${message}`, ...next];
}

/** The number of units that a notice names; the others are counted. */
const UNITS_SHOWN = 3;

function waitingLine({ plugin, hook, units, waited_ms, stopping }: Waiting, style: Style): string {
  const more = units.length > UNITS_SHOWN ? ` and ${units.length - UNITS_SHOWN} more` : "";
  const of = units.length === 0 ? "" : ` of ${units.slice(0, UNITS_SHOWN).join(", ")}${more}`;
  if (stopping) return `${style.warn("not stopped yet:")} ${plugin} in ${hook}${of}; press Ctrl-C again to force`;
  return style.faint(`waiting for ${plugin} in ${hook}${of}: no activity for ${duration(waited_ms)}`);
}

/** The line with the workers and the concurrency, before a script runs. */
function plannedLine({ workers, concurrency, stops_when }: Planned, style: Style): string {
  const pace =
    concurrency >= workers.length
      ? "all at once"
      : concurrency === 1
        ? "one after another"
        : `${concurrency} at a time`;
  return `${style.strong(plural(workers.length, "worker"))}, ${pace}: ${workers.join(", ")}; stops when ${stops_when}`;
}

/** Lines of output, each after the name of its source. */
function outputLines({ job, worker, stream }: OutputEvent, lines: readonly string[], style: Style): string[] {
  const head = style.faint(`${speaker(job, worker)}${stream === "stderr" ? "!" : "|"}`);
  return lines.map((line) => `${head} ${visible(line)}`);
}

/** `api@10.0.0.1 `, `10.0.0.1 `, `api ` or nothing. */
function speaker(job: string | null, worker: string | null): string {
  const name = job !== null && worker !== null ? `${job}@${worker}` : (job ?? worker ?? "");
  return name === "" ? "" : `${name} `;
}

function word(outcome: Outcome, style: Style): string {
  return outcome === "ok" ? style.good("ok") : style.bad(outcome.replace("_", " "));
}
