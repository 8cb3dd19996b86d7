import { plural, type Style, visible } from "@maand/command";
import { CHANGE_WORDS, type FileDrift } from "@maand/core/toolbox";
import type { DriftReport, WorkerDrift } from "../drift/drift.ts";
import type { PendingChange } from "../drift/pending-changes.ts";

/** The maximum number of workers that a line names; further workers are only counted. */
const NAMED = 4;
/** The number of pending changes that are listed one by one. */
const LISTED = 20;

/** A drift report as text: each difference once with its workers, and then the pending changes. */
export function driftLines(report: DriftReport, style: Style, quiet: boolean): string[] {
  const { workers, pending } = report;
  return [
    ...workers.flatMap((worker) => problemLines(worker, style)),
    ...groupLines(differences(workers), style.bad("drift   "), style),
    ...(quiet ? [] : groupLines(notCompared(workers), style.warn("unknown "), style)),
    ...diffBlocks(workers, style),
    ...(quiet ? [] : pendingLines(pending, style)),
    summaryLine(report, style),
    ...nextLines(report, style),
  ];
}

function problemLines({ host, problem }: WorkerDrift, style: Style): string[] {
  if (!problem) return [];
  const hint = problem.hint === undefined ? [] : [`          ${style.faint("hint:")} ${problem.hint}`];
  return [`${style.bad(problem.outcome.replace("_", " "))}  ${host}: ${problem.message}`, ...hint];
}

type TextOfHost = readonly [text: string, host: string];

function differences(workers: readonly WorkerDrift[]): TextOfHost[] {
  return workers.flatMap((worker) => [
    ...(worker.isLost ? [["all files of the bucket are missing", worker.host] as const] : []),
    ...(worker.isLost ? [] : worker.metadata.map((file): TextOfHost => [described(file), worker.host])),
    ...worker.jobs.flatMap((job): TextOfHost[] => {
      const more = job.hasMore ? [[`${job.job}: and more files were added`, worker.host] as const] : [];
      const failed: TextOfHost[] =
        job.status?.isOk === false
          ? [[`${job.job}: make status failed: ${job.status.message ?? ""}`, worker.host]]
          : [];
      const again: TextOfHost[] =
        job.state === "drifted" && job.repairs > 0
          ? [
              [
                `${job.job}: repaired ${plural(job.repairs, "time")} before: something on the worker keeps changing it`,
                worker.host,
              ],
            ]
          : [];
      if (worker.isLost) return failed;
      const files: readonly TextOfHost[] = job.isGone
        ? [[`${job.job}: its directory is missing`, worker.host]]
        : job.files.map((file): TextOfHost => [`${job.job}: ${described(file)}`, worker.host]);
      return [...files, ...more, ...again, ...failed];
    }),
  ]);
}

function notCompared(workers: readonly WorkerDrift[]): TextOfHost[] {
  return workers.flatMap(({ host, state, jobs }): TextOfHost[] => [
    ...(state === "not_deployed" ? [["nothing was deployed to it yet", host] as const] : []),
    ...jobs.flatMap(({ job, reason }): TextOfHost[] => (reason === undefined ? [] : [[`${job}: ${reason}`, host]])),
  ]);
}

function described({ path, change, detail }: FileDrift): string {
  return `${CHANGE_WORDS[change]} ${visible(path)}${detail === undefined ? "" : ` (${visible(detail)})`}`;
}

/** One line for each distinct text, with the workers that it applies to. */
function groupLines(texts: readonly TextOfHost[], mark: string, style: Style): string[] {
  const hosts = new Map<string, string[]>();
  for (const [text, host] of texts) hosts.set(text, [...(hosts.get(text) ?? []), host]);
  return [...hosts].map(([text, on]) => `${mark}  ${text} ${style.faint(`on ${named(on)}`)}`);
}

function named(hosts: readonly string[]): string {
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${hosts.length - NAMED + 1} more workers`;
}

/** Each distinct diff once, with its workers. */
function diffBlocks(workers: readonly WorkerDrift[], style: Style): string[] {
  const blocks = new Map<string, { readonly title: string; readonly hosts: string[] }>();
  for (const { host, jobs } of workers)
    for (const { job, diffs } of jobs)
      for (const [path, diff] of diffs) {
        const block = blocks.get(`${job}\0${diff}`) ?? { title: `${job}: ${visible(path)}`, hosts: [] };
        blocks.set(`${job}\0${diff}`, block);
        block.hosts.push(host);
      }
  return [...blocks].flatMap(([key, { title, hosts }]) => {
    const lines = key
      .slice(key.indexOf("\0") + 1)
      .trimEnd()
      .split("\n")
      .slice(1);
    return [
      "",
      `    ${style.strong(title)} on ${named(hosts)}`,
      ...lines.map((line) => `    ${painted(line, style)}`),
      "",
    ];
  });
}

function painted(line: string, style: Style): string {
  const text = visible(line);
  if (/^(---|\+\+\+) /.test(line)) return style.faint(text);
  if (line.startsWith("+")) return style.good(text);
  return line.startsWith("-") ? style.bad(text) : text;
}

function pendingLines(pending: readonly PendingChange[], style: Style): string[] {
  const shown = pending.slice(0, LISTED);
  const rest = pending.length - shown.length;
  return [
    ...shown.map(
      ({ job, host, action, reason }) =>
        `${style.warn("pending ")}  ${job}${host === undefined ? "" : ` on ${host}`}: ${action} ${style.faint(`(${reason})`)}`,
    ),
    ...(rest > 0 ? [`${style.warn("pending ")}  and ${rest} more: to list all, run maand deploy --dry-run`] : []),
  ];
}

function summaryLine({ workers, pending, isDrifted, isIncomplete }: DriftReport, style: Style): string {
  const count = (state: WorkerDrift["state"]) => workers.filter((worker) => worker.state === state).length;
  const away = count("unreachable") + count("failed");
  const parts = [
    `${count("drifted")} drifted`,
    `${count("clean")} as promoted`,
    ...(count("not_deployed") > 0 ? [`${count("not_deployed")} not deployed yet`] : []),
    ...(away > 0 ? [`${away} not inspected`] : []),
  ];
  const text = `${plural(workers.length, "worker")}: ${parts.join(", ")}; ${plural(pending.length, "pending change")}`;
  return isDrifted || isIncomplete ? style.bad(text) : style.good(text);
}

function nextLines({ isDrifted, pending }: DriftReport, style: Style): string[] {
  return [
    ...(isDrifted ? [`  ${style.faint("next:")} maand deploy --verify  # repairs what differs on the workers`] : []),
    ...(pending.length > 0 && !isDrifted
      ? [`  ${style.faint("next:")} maand deploy  # rolls out what is pending`]
      : []),
  ];
}
