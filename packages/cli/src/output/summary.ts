import type { MaandEvent } from "@maand/core";
import { NOT_ASKED } from "./plan.ts";
import type { Style } from "./style.ts";
import { visible } from "./visible.ts";
import { duration, plural } from "./words.ts";

type Finished = Extract<MaandEvent, { type: "run.finished" }>;
type Result = Finished["allocations"][number];
type Failure = Finished["failures"][number];

/** Workers that are named one by one. */
const NAMED = 6;

/** Last lines of a command's output that are shown again. */
const LAST_LINES = 3;

/**
 * The end of a deploy, for a tired person: per job what happened to how many allocations, what failed and why, what was
 * left because of it, and what to type next. Jobs that are well come first, so that the trouble stands at the bottom.
 */
export function summaryLines(event: Finished, style: Style): string[] {
  const jobs = jobsOf(event);
  const texts = new Map(jobs.map((job) => [job, jobLines(job, event, style)]));
  const wrong = new Set(jobs.filter((job) => troubled(job, event)));
  const inOrder = [...jobs.filter((job) => !wrong.has(job)), ...jobs.filter((job) => wrong.has(job))];
  return [
    ...(jobs.length > 0 ? [""] : []),
    ...inOrder.flatMap((job) => texts.get(job) ?? []),
    ...event.warnings.map((line) => `  ${style.warn("warning:")} ${line}`),
    headline(event, style),
    ...next(event, style),
  ];
}

/** Jobs something happened to; blocked ones last, as they wait for others. */
function jobsOf({ allocations, failures, blocked_jobs }: Finished): string[] {
  const blocked = new Set(blocked_jobs.map(({ job }) => job));
  const touched = allocations.filter(({ outcome }) => outcome !== "skipped").map(({ job }) => job);
  const jobs = [...new Set([...touched, ...failures.map(({ job }) => job), ...blocked])];
  return [...jobs.filter((job) => !blocked.has(job)), ...jobs.filter((job) => blocked.has(job))];
}

function troubled(job: string, { allocations, failures, blocked_jobs }: Finished): boolean {
  return (
    allocations.some((result) => result.job === job && result.outcome !== "ok" && result.outcome !== "skipped") ||
    failures.some((failure) => failure.job === job) ||
    blocked_jobs.some((blocked) => blocked.job === job)
  );
}

/** `api: restarted on 3 workers`, or several such lines below its name. */
function jobLines(job: string, event: Finished, style: Style): string[] {
  const results = event.allocations.filter((result) => result.job === job);
  const of = (...outcomes: readonly string[]) => results.filter(({ outcome }) => outcomes.includes(outcome));
  const wrong = results.filter(({ outcome }) => !["ok", "skipped", "blocked"].includes(outcome));
  const failures = event.failures.filter((failure) => failure.job === job && !isTold(failure, wrong));
  const parts = [
    ...doneLines(of("ok")),
    ...wrongLines(wrong, style),
    ...failures.flatMap((failure) => failureLines(failure, style)),
    ...leftLines(job, of("blocked"), wrong, event, style),
  ];
  const name = style.strong(`${job}:`);
  if (parts.length === 1) return [`  ${name} ${parts[0]}`];
  return [`  ${name}`, ...parts.map((line) => `    ${line}`)];
}

/** `restarted on 3 workers`, per kind of action. */
function doneLines(done: readonly Result[]): string[] {
  return groups(done, ({ action }) => action).map((same) => {
    const action = same[0]?.action ?? "";
    const count = plural(same.length, "worker");
    return action === "verify" ? `healthy on ${count}; ${NOT_ASKED}` : `${PAST[action] ?? action} on ${count}`;
  });
}

const PAST: Readonly<Record<string, string>> = {
  start: "started",
  restart: "restarted",
  reload: "reloaded",
  sync: "files brought, nothing run",
  stop: "stopped",
  remove: "stopped and removed",
  promote: "recorded, not started (disabled)",
  "stop+promote": "stopped, and its change recorded",
};

/** What went wrong in the same way is said once, with all its workers. */
function wrongLines(wrong: readonly Result[], style: Style): string[] {
  const keyOf = (result: Result) => {
    const shared = wrong.some((other) => other !== result && other.message === result.message);
    return [result.action, result.outcome, result.promoted, shared ? result.message : without(result), tail(result)];
  };
  return groups(wrong, (result) => keyOf(result).join("\0")).flatMap((same) => {
    const [first] = same;
    return first ? [`${deed(first, same, style)}${why(first, same)}`, ...tailLines(first, style)] : [];
  });
}

/** What was tried, where, and how it ended. */
function deed({ action, outcome, promoted }: Result, same: readonly Result[], style: Style): string {
  if (action === "verify") return `${NOT_ASKED}; ${style.bad("not healthy")} on ${named(same)}`;
  if (promoted && outcome === "failed")
    return `${PAST[action] ?? action} on ${named(same)}, ${style.bad("not healthy")}`;
  const ended = outcome === "disconnected" ? "cut off" : outcome.replace("_", " ");
  return `${style.bad(`${action} ${ended}`)} on ${named(same)}`;
}

function why(first: Result, same: readonly Result[]): string {
  const alike = same.every(({ message }) => message === first.message);
  const text = alike ? (first.message ?? "").replaceAll(` on ${first.worker_ip}`, "") : without(first);
  return text === "" ? "" : `: ${text}`;
}

/** The message as it is for any worker. */
function without({ message, worker_ip }: Result): string {
  return (message ?? "").replaceAll(` on ${worker_ip}`, "").replaceAll(worker_ip, "it");
}

function tailLines(result: Result, style: Style): string[] {
  const lines = tail(result).split("\n");
  return lines.filter((line) => line !== "").map((line) => `  ${style.faint("|")} ${visible(line)}`);
}

function tail({ output }: Result): string {
  return output.slice(-LAST_LINES).join("\n");
}

/** Whether the allocations that failed say it already. */
function isTold({ message }: Failure, wrong: readonly Result[]): boolean {
  return wrong.some((result) => result.message !== null && message.includes(result.message));
}

function failureLines({ message, hint, output }: Failure, style: Style): string[] {
  return [
    `${style.bad("failed:")} ${message}`,
    ...output.slice(-LAST_LINES).map((line) => `  ${style.faint("|")} ${visible(line)}`),
    ...(hint === null ? [] : [`  ${style.faint("hint:")} ${hint}`]),
  ];
}

function leftLines(
  job: string,
  left: readonly Result[],
  wrong: readonly Result[],
  { blocked_jobs, failures }: Finished,
  style: Style,
): string[] {
  const by = blocked_jobs.find((blocked) => blocked.job === job)?.by;
  if (by !== undefined) return [`${style.warn("not begun:")} it needs ${by}, which failed`];
  if (left.length === 0) return [];
  const refused = failures.some((failure) => failure.job === job && failure.code === "NOT_PERMITTED");
  return [
    `${style.warn("not begun")} on ${named(left)}: ${refused ? "it was not permitted" : whatFailedBefore(wrong)}`,
  ];
}

/** Who leaves goes first, and then batch after batch. */
function whatFailedBefore(wrong: readonly Result[]): string {
  const leaves = ({ action }: Result) => action === "stop" || action === "remove";
  if (wrong.some((result) => !leaves(result))) return "an earlier batch failed";
  const stuck = wrong.filter((result) => leaves(result) && result.outcome !== "unreachable");
  return stuck.length > 0 ? `it could not be stopped on ${named(stuck)}` : "what goes before it failed";
}

function named(results: readonly Result[]): string {
  const hosts = results.map(({ worker_ip }) => worker_ip);
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${hosts.length - NAMED + 1} more workers`;
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const group = found.get(keyOf(item)) ?? [];
    found.set(keyOf(item), group);
    group.push(item);
  }
  return [...found.values()];
}

function headline(event: Finished, style: Style): string {
  const counts = [
    `${event.promoted} promoted`,
    `${event.skipped} unchanged`,
    ...(event.failed > 0 ? [`${event.failed} failed`] : []),
    ...(event.blocked > 0 ? [`${event.blocked} left`] : []),
  ].join(", ");
  const took = style.faint(`in ${duration(event.duration_ms)}`);
  if (event.outcome === "ok") return `${style.good("deploy done:")} ${counts} ${took}`;
  return `${style.bad(event.outcome === "interrupted" ? "deploy interrupted:" : "deploy failed:")} ${counts} ${took}`;
}

function next(event: Finished, style: Style): string[] {
  if (event.outcome === "ok") return [];
  const again = style.strong("maand deploy");
  if (event.outcome === "interrupted") return [`  next: ${again} goes on where this ended`];
  const failed = jobsOf(event).filter(
    (job) => troubled(job, event) && !event.blocked_jobs.some((one) => one.job === job),
  );
  return [`  next: mend ${inWords(failed)}, then ${again} goes on from here`];
}

/** `a`, `a and b`, `a, b and c`. */
function inWords(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? "what failed";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
