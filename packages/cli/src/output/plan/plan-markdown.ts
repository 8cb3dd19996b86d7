import { plural } from "@maand/command";
import type { SavedAllocation, SavedJob, SavedPlan } from "@maand/saved-plans";
import { cell, code, details, fenced, inHtml } from "./markdown.ts";

/**
 * The default limit in bytes. A GitHub comment can have 65,536 characters; the difference is room for additions by a
 * script.
 */
const LARGEST_COMMENT = 65_000;
/** The number of workers that are named in a row of the table, or for a step. */
const NAMED = 5;

/**
 * A plan as Markdown for a comment on a pull request: a summary, a table, and the folded differences. Parts that do not
 * fit into a comment are replaced by a note.
 */
export function planMarkdown(plan: SavedPlan, largest = LARGEST_COMMENT): string {
  const foot = footOf(plan);
  const room = new Room(largest - sizeOf(foot));
  room.add(headOf(plan));
  for (const section of [warningsOf(plan), stopsOf(plan), ...rolloutsOf(plan), tableOf(plan)])
    room.addLines(section, "rows");
  room.addAll(differencesOf(plan), "difference");
  return `${room.text}${foot}`;
}

/** Collects parts of a text up to a size, and counts those that did not fit. */
class Room {
  readonly #parts: string[] = [];
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes - NOTE_BYTES;
  }

  get text(): string {
    return this.#parts.join("");
  }

  add(part: string): boolean {
    const size = sizeOf(part);
    if (size > this.#left) return false;
    this.#left -= size;
    this.#parts.push(part);
    return true;
  }

  /** Adds lines that belong together, such as a table, until a line does not fit. */
  addLines(lines: readonly string[], what: string): void {
    const fit = lines.findIndex((line) => !this.add(`${line}\n`));
    if (lines.length > 0) this.add("\n");
    if (fit !== -1) this.#note(`${lines.length - fit} more ${what} not shown here`);
  }

  addAll(parts: readonly string[], what: string): void {
    const fit = parts.findIndex((part) => !this.add(part));
    if (fit !== -1) this.#note(`${plural(parts.length - fit, `more ${what}`)} not shown here`);
  }

  /** Adds a note, for which room was reserved. */
  #note(text: string): void {
    this.#parts.push(
      `\n> [!NOTE]\n> ${text}, because the size of a comment is limited; the plan file contains everything.\n\n`,
    );
  }
}

const NOTE_BYTES = 1000;

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}

function headOf(plan: SavedPlan): string {
  const jobs = jobsOf(plan).filter(({ required }) => required);
  const paused = jobsOf(plan).filter(({ rollout }) => rollout?.state === "paused");
  const changed = jobs.flatMap(({ allocations }) => allocations);
  const counts = [
    ...(changed.length > 0 ? [`${plural(changed.length, "allocation")} of ${plural(jobs.length, "job")} change`] : []),
    ...(plan.stopping.length > 0 ? [`${plural(plan.stopping.length, "allocation")} to stop`] : []),
    ...(paused.length > 0 ? [`${plural(paused.length, "rollout")} paused`] : []),
    ...(plan.undecided.length > 0 ? [`${plural(plan.undecided.length, "job")} undecided`] : []),
    ...(plan.failures.length > 0 ? [`${plural(plan.failures.length, "job")} cannot be planned`] : []),
  ];
  const pending = plan.required ? "a deploy finishes the work of an earlier one" : "nothing to deploy";
  return `### maand plan: ${counts.length > 0 ? counts.join(", ") : pending}\n\n`;
}

function jobsOf({ waves }: SavedPlan): SavedJob[] {
  return waves.flatMap(({ jobs }) => jobs);
}

function warningsOf(plan: SavedPlan): string[] {
  return [
    ...plan.failures.map(({ job, message }) => `- :x: ${code(job)} cannot be planned: ${cell(message)}`),
    ...plan.undecided.map(
      ({ job, message }) => `- :warning: ${code(job)} needs its pre_deploy first: ${cell(message)}`,
    ),
    ...plan.held.map(({ text }) => `- :warning: ${cell(text)}`),
    ...plan.notes.map((note) => `- :warning: ${cell(note)}`),
  ];
}

function stopsOf({ stopping }: SavedPlan): string[] {
  if (stopping.length === 0) return [];
  return [
    "| First | Worker | Action | Why |",
    "| --- | --- | --- | --- |",
    ...stopping.map(({ job, worker_ip, stop, remove, reason }) => {
      const action = stop ? (remove ? "stop and remove" : "stop") : "remove";
      return `| ${code(job)} | ${code(worker_ip)} | ${action} | ${cell(reason)} |`;
    }),
  ];
}

/** The steps of each staged rollout in this deploy, and the workers that wait for later steps. */
function rolloutsOf(plan: SavedPlan): string[][] {
  return jobsOf(plan).flatMap(({ job, rollout }) => {
    if (!rollout) return [];
    const { state, steps, waiting } = rollout;
    const title = `Staged rollout of ${code(job)}${state === "paused" ? ", paused" : ""}:`;
    const later = waiting.length > 0 ? [`- in later steps: ${workersOf(waiting)}`] : [];
    return [[title, ...steps.map((step) => `- ${stepLine(job, step)}`), ...later]];
  });
}

type Step = NonNullable<SavedJob["rollout"]>["steps"][number];

function stepLine(job: string, { step, of, size, workers }: Step): string {
  const name = `step ${step} of ${of}`;
  if (workers.length > 0) return `${name} (${size}): ${workersOf(workers)}`;
  const [resume, abort] = [code(`maand rollout resume ${job}`), code(`maand rollout abort ${job}`)];
  if (size === "pause") return `${name} pauses, until ${resume} or ${abort}`;
  return isSize(size)
    ? `${name} (${size}): checks the health of the workers that it rolled out to`
    : `${name} waits ${size}`;
}

function isSize(size: string): boolean {
  return size.endsWith("%") || /^\d+$/.test(size);
}

function workersOf(hosts: readonly string[]): string {
  const more = hosts.length > NAMED ? ` and ${hosts.length - NAMED} more` : "";
  return `${hosts.slice(0, NAMED).map(code).join(", ")}${more}`;
}

/** The table. Allocations with the same action, version and reasons share a row. */
function tableOf(plan: SavedPlan): string[] {
  const rows = plan.waves.flatMap(({ deployment_seq: seq, jobs }) =>
    jobs.filter(({ required }) => required).flatMap((job) => rowsOf(job, seq)),
  );
  if (rows.length === 0) return [];
  return ["| Wave | Job | Action | Version | Workers | Why |", "| --- | --- | --- | --- | --- | --- |", ...rows];
}

function rowsOf(job: SavedJob, seq: number): string[] {
  const alike = new Map<string, SavedAllocation[]>();
  for (const allocation of job.allocations) {
    const key = JSON.stringify([allocation.action, versionOf(allocation), whyOf(job, allocation)]);
    alike.set(key, [...(alike.get(key) ?? []), allocation]);
  }
  const start = `| ${seq} | ${code(job.job)} |`;
  if (alike.size === 0) return [`${start} finish | | | ${cell(pendingOf(job).join("; "))} |`];
  return [...alike.values()].map((rows) => {
    const [first] = rows;
    if (!first) return start;
    const hosts = rows.map(({ worker_ip }) => worker_ip);
    return `${start} ${first.action} | ${cell(versionOf(first))} | ${workersOf(hosts)} | ${cell(whyOf(job, first))} |`;
  });
}

function versionOf({ current_version: from, new_version: to }: SavedAllocation): string {
  return from === to ? to : `${from} -> ${to}`;
}

function whyOf(job: SavedJob, { reasons, matched }: SavedAllocation): string {
  return [
    ...(job.blocked_by === null ? [] : [`blocked by ${job.blocked_by}, which is paused or cannot be planned`]),
    ...reasons,
    ...(matched.length > 0 ? [`restart because of ${matched.join(", ")}`] : []),
    ...(job.pre_deploy === "may change this" ? ["pre_deploy runs first and may change this"] : []),
    ...(job.pre_deploy === "was run" ? ["pre_deploy ran for this plan"] : []),
    ...pendingOf(job),
  ].join("; ");
}

function pendingOf({ health_pending: health, after_pending: after }: SavedJob): string[] {
  return [...(health ? ["its health was not checked yet"] : []), ...(after ? ["post_deploy has not run yet"] : [])];
}

/** The folded differences of each file. A difference that is the same on many workers appears once. */
function differencesOf(plan: SavedPlan): string[] {
  return jobsOf(plan).flatMap(({ job, allocations }) => {
    const alike = new Map<string, { readonly path: string; readonly diff: string; readonly hosts: string[] }>();
    for (const { worker_ip, files } of allocations) {
      for (const { path, diff } of files) {
        const key = `${path}\0${diff}`;
        const known = alike.get(key) ?? { path, diff, hosts: [] };
        alike.set(key, known);
        known.hosts.push(worker_ip);
      }
    }
    return [...alike.values()].map(({ path, diff, hosts: [first = "", ...others] }) => {
      const same = others.length === 0 ? "" : ` and ${plural(others.length, "more worker")}`;
      const title = `<code>${inHtml(job)}</code>: <code>${inHtml(path)}</code> on ${inHtml(first)}${same}`;
      return details(title, fenced(diff, "diff"));
    });
  });
}

function footOf({ digest, bucket, commit, options, from_workspace }: SavedPlan): string {
  const { jobs, force, sync_only, revert, with_hooks } = options;
  const facts = [
    `plan ${code(digest.slice(0, 12))} of bucket ${code(bucket)}`,
    ...(commit === null ? [] : [`workspace at ${code(commit.replace(/^([0-9a-f]{12})[0-9a-f]*/, "$1"))}`]),
    ...(from_workspace ? ["without a build"] : []),
    ...(jobs.length > 0 ? [`only ${jobs.map(code).join(", ")}`] : []),
    ...(force ? ["forced"] : []),
    ...(sync_only ? ["files only"] : []),
    ...(revert === null ? [] : [revert ? "failed rollouts are reverted" : "no rollout is reverted"]),
    ...(with_hooks ? ["with pre_deploy"] : []),
  ];
  return `<sub>${facts.join(" - ")}</sub>\n`;
}
