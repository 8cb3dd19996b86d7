import { plural, type Style } from "@maand/command";
import { hanging, wrappedWords } from "@maand/command/layout";
import { ageOf } from "../status/age.ts";
import type { BucketStatus } from "../status/bucket-status.ts";
import { type Finding, findingsOf } from "../status/findings.ts";
import { type JobState, jobStates } from "../status/job-states.ts";

/** The screen that the status is for. */
export interface StatusScreen {
  /** The name of the bucket's directory. */
  readonly name: string;
  readonly now: Date;
  readonly style: Style;
  /** The size of the screen; undefined if the output has no size, such as a file. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** The width of the longest kind of finding. */
const KIND = "certificate".length;
/** On narrower screens, texts are below the kind of their finding. */
const NARROW = 60;
/** The number of texts of one finding that are shown on a screen; the others are counted. */
const TEXTS = 4;
/** The number of jobs that are always shown, even if there is little room. */
const MIN_JOBS = 3;

/** The status of a bucket as text: a summary, what needs attention with the next commands, and its jobs. */
export function statusLines(status: BucketStatus, screen: StatusScreen): string[] {
  const { style, now, rows } = screen;
  const findings = findingsOf(status, now);
  const isWell = findings.every(({ level }) => level === "info");
  const head = [
    ...wrappedWords(headline(status, screen), screen.columns),
    ...findings.flatMap((finding) => findingLines(finding, screen)),
    ...(isWell && status.isBuilt ? [style.good("nothing needs attention")] : []),
  ];
  const room = rows === undefined ? Number.POSITIVE_INFINITY : Math.max(MIN_JOBS, rows - head.length - 3);
  return [...head, ...jobLines(status, room, screen)];
}

function headline({ workers, jobs, allocations, lastRun, running }: BucketStatus, { name, now }: StatusScreen): string {
  const counts = [plural(workers, "worker"), plural(jobs, "job"), plural(allocations, "allocation")].join(", ");
  const isOver = lastRun !== undefined && (lastRun.outcome !== null || !running);
  if (!isOver) return `${name}: ${counts}`;
  return `${name}: ${counts}; last run: ${lastRun.command} ${lastRun.outcome ?? "without a result"}, ${ageOf(lastRun.startedAt, now)} ago`;
}

function findingLines({ kind, level, texts, next }: Finding, { columns, rows, style }: StatusScreen): string[] {
  const most = rows === undefined ? texts.length : TEXTS;
  const shown = texts.length > most ? [...texts.slice(0, most - 1), `and ${texts.length - most + 1} more`] : texts;
  const paint = { bad: style.bad, warn: style.warn, info: style.faint }[level];
  const isNarrow = columns !== undefined && columns < NARROW;
  const below = { width: 0, columns, indent: 2 };
  const lines = isNarrow
    ? [paint(kind), ...shown.flatMap((text) => hanging("", text, below))]
    : shown.flatMap((text) => {
        const [first = "", ...rest] = hanging(kind, text, { width: KIND, columns, indent: 0 });
        return [paint(kind) + first.slice(kind.length), ...rest];
      });
  return next === undefined ? lines : [...lines, nextLine(next, isNarrow ? 2 : KIND + 2, { columns, style })];
}

/** The command on one line, so that it can be copied. Its comment is omitted if there is no room. */
function nextLine(next: string, indent: number, { columns, style }: Pick<StatusScreen, "columns" | "style">): string {
  const [command = ""] = next.split("  # ");
  const whole = `${" ".repeat(indent)}next: ${next}`;
  const fits = columns === undefined || whole.length <= columns;
  return (fits ? whole : `${" ".repeat(indent)}next: ${command}`).replace("next:", style.faint("next:"));
}

/** The jobs as a table. If there is not enough room, jobs that are promoted everywhere are only counted. */
function jobLines({ deployments }: BucketStatus, room: number, { columns, style }: StatusScreen): string[] {
  const all = jobStates(deployments);
  if (all.length === 0) return [];
  const inOrder = [...all.filter((state) => !isDone(state)), ...all.filter(isDone)];
  const shown = all.length <= room ? all : inOrder.slice(0, Math.max(1, room - 1));
  const rest = all.filter((state) => !shown.includes(state));
  const cells = shown.map((state) => [state.job, versionOf(state), statesOf(state)] as const);
  const width = (at: 0 | 1, heading: string) => Math.max(heading.length, ...cells.map((row) => row[at].length));
  const [jobs, versions] = [width(0, "JOB"), width(1, "VERSION")];
  const line = (row: readonly [string, string, string]) =>
    hanging(`${row[0].padEnd(jobs)}  ${row[1].padEnd(versions)}`, row[2], {
      ...{ width: jobs + versions + 2, columns, indent: 0 },
    }).map((text) => text.trimEnd());
  return [
    "",
    ...line(["JOB", "VERSION", "STATE"]).map(style.faint),
    ...cells.flatMap(line),
    ...(rest.length === 0 ? [] : [restLine(rest)]),
  ];
}

function restLine(rest: readonly JobState[]): string {
  return rest.every(isDone)
    ? `and ${plural(rest.length, "more job")}, promoted everywhere`
    : `and ${plural(rest.length, "more job")}: to list all, run maand cat deployments`;
}

function isDone({ states }: JobState): boolean {
  return [...states.keys()].every((state) => state === "promoted");
}

/** `1.4.0`, or `1.3.0 to 1.4.0` if the running version differs from the built one. */
function versionOf({ versions, target }: JobState): string {
  const others = versions.filter((version) => version !== target);
  if (others.length === 0) return target || (versions[0] ?? "");
  return target === "" ? others.join(", ") : `${others.join(", ")} to ${target}`;
}

/** `62 promoted, 2 in doubt`. */
function statesOf({ states }: JobState): string {
  return [...states].map(([state, count]) => `${count} ${state.replaceAll("_", " ")}`).join(", ");
}
