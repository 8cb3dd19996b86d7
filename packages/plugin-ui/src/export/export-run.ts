import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import type { Program } from "@maand/command";
import { type BucketPaths, MaandError } from "@maand/core/readonly";
import type { AppFiles } from "../app-files.ts";
import { EXPORT_NAME, type LogAnswer, type SessionAnswer } from "../contract.ts";
import { Answers } from "../read/answers.ts";
import { BucketSource } from "../read/bucket-source.ts";
import { newestRun, wholeId, withRecord } from "../read/run.ts";
import { eventsAfter } from "../record/events.ts";
import { logLines } from "../record/log.ts";
import type { RecordFile } from "../record/record-file.ts";
import { Refused } from "../server/refused.ts";

/** The options of an export. */
export interface ExportOptions {
  readonly paths: BucketPaths;
  /** A new directory, or an empty one. */
  readonly directory: string;
  /** The beginning of an id; undefined for the last run. */
  readonly run: string | undefined;
  readonly version: string;
  readonly files: AppFiles;
  readonly status: Program["status"];
  readonly now: () => Date;
}

/** The number of last lines of output in an export. */
const LINES = 50_000;
const PAGE = 2_000;
const EVENTS = 5_000;
const META = '<meta name="maand-export" content="1">';

/**
 * Writes a run, and the current state of the bucket, as a page that needs no server. Secrets are masked, as in the
 * record. Only the user can read the files. Throws NOT_FOUND for an unknown run, USAGE for an id that fits several
 * runs, and SYSTEM for a directory that has files.
 */
export async function exportRun(options: ExportOptions): Promise<{ readonly run: string; readonly files: number }> {
  const { paths, directory, now } = options;
  const { logs } = paths;
  const run = options.run === undefined ? newestRun(logs) : knownRun(logs, options.run);
  makeEmpty(directory);
  const source = new BucketSource(paths, false, () => now().getTime());
  const answers = new Answers({ source, now, status: options.status, seq: () => 0, isFollowed: () => false });
  const written = new Data(join(directory, "data"));
  const at = now().toISOString();
  const user = userInfo().username;
  const session: SessionAnswer = {
    ...{ bucket: await answers.bucket(), version: options.version, allow: [], user, live: false, csrf: "" },
    exported: { run, at },
  };
  const runAnswer = await answers.run(run);
  written.add("session", session);
  written.add("status", await answers.status());
  written.add("fleet", await answers.fleet(EVERYTHING));
  written.add("runs", await answers.runs({ limit: 50 }));
  written.add(`runs/${run}`, runAnswer);
  withRecord(logs, run, (record) => {
    written.add(`runs/${run}/events`, allEvents(record));
    written.add(`runs/${run}/log`, lastLines(record));
  });
  const { jobs, workers } = await answers.fleet(EVERYTHING);
  const touched = new Set(runAnswer.batches.flatMap((batch) => batch.workers));
  const changed = new Set(runAnswer.jobs.map(({ job }) => job));
  for (const { name } of jobs) if (changed.has(name)) written.add(`jobs/${name}`, await answers.job(name));
  for (const { host } of workers) if (touched.has(host)) written.add(`workers/${host}`, await answers.worker(host));
  return { run, files: written.count + writeApp(directory, options.files) };
}

const EVERYTHING = {
  ...{ labels: [], zones: [], jobs: [], states: [], q: "", byAttention: false },
  ...{ after: 0, limit: Number.MAX_SAFE_INTEGER },
};

/** The complete id of a run, from its beginning. Converts refusals to errors that a command can print. */
function knownRun(logs: string, given: string): string {
  try {
    return wholeId(logs, given);
  } catch (cause) {
    if (!(cause instanceof Refused)) throw cause;
    const { message, hint } = cause;
    throw new MaandError({
      code: cause.status === 404 ? "NOT_FOUND" : "USAGE",
      message,
      hint: hint ?? "to list the ids of runs, run maand history",
    });
  }
}

function makeEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw new MaandError({
      code: "SYSTEM",
      message: `${directory} is not empty`,
      hint: "name a new directory; nothing was written",
      refused: true,
    });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/** The files in data/. They are classic scripts, because a page from `file:` may not load anything else. */
class Data {
  readonly #directory: string;
  count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes the response of a path under /api. */
  add(path: string, answer: unknown): void {
    const file = `${join(this.#directory, ...path.split("/").map(encodeURIComponent))}.js`;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const text = `(window.${EXPORT_NAME}??={})[${JSON.stringify(path)}]=${JSON.stringify(answer)};\n`;
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
    this.count += 1;
  }
}

function allEvents(record: RecordFile) {
  const all = eventsAfter(record, { after: 0, limit: EVENTS, cursor: 0 });
  const events = [...all.events];
  for (let page = all; page.more; ) {
    page = eventsAfter(record, { after: page.last, limit: EVENTS, cursor: page.cursor });
    events.push(...page.events);
    if (!page.more) return { ...page, events };
  }
  return { ...all, events };
}

function lastLines(record: RecordFile): LogAnswer {
  const last = logLines(record, {
    job: undefined,
    worker: undefined,
    before: undefined,
    after: undefined,
    limit: PAGE,
  });
  const pages = [last.lines];
  let before = last.before;
  for (let count = last.lines.length; before !== null && count < LINES; ) {
    const page = logLines(record, { job: undefined, worker: undefined, before, after: undefined, limit: PAGE });
    pages.unshift(page.lines);
    count += page.lines.length;
    before = page.before;
  }
  return { ...last, lines: pages.flat(), before };
}

function writeApp(directory: string, files: AppFiles): number {
  for (const [path, { bytes }] of files) {
    const file = join(directory, path === "/" ? "index.html" : path.slice(1));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const text = path === "/" ? Buffer.from(bytes).toString("utf8").replace("<head>", `<head>${META}`) : undefined;
    writeFileSync(file, text ?? bytes, { mode: 0o600, flag: "wx" });
  }
  return files.size;
}
