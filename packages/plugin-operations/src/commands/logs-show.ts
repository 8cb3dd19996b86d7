import { setTimeout as pause } from "node:timers/promises";
import { Command, EXIT, listOf, MaandCommand, Option, plural } from "@maand/command";
import {
  type BucketPaths,
  findBucket,
  type LogPlace,
  loadRunRecords,
  logDirectory,
  logPlaces,
  MaandError,
  type RunRecords,
} from "@maand/core/readonly";
import type { FilePart } from "../logs/file-lines.ts";
import { type LogFilter, logFilter } from "../logs/filter.ts";
import { FollowedLogs } from "../logs/follow.ts";
import { lastParts } from "../logs/last-parts.ts";
import { mergedByTime } from "../logs/merge.ts";
import { namesIn } from "../logs/names.ts";
import { type LogProblem, StoredLines } from "../logs/stored-lines.ts";
import { LogPrinter } from "../output/log-printer.ts";

/** Milliseconds between two reads of followed logs. */
const LOOK_EVERY_MS = 150;

/** Milliseconds between two reads of records from other machines, each a round trip to a database. */
const PULL_EVERY_MS = 500;

/** The number of lines shown first when all logs are followed, as `tail -f` does. */
const FOLLOW_TAIL = 10;

/** `maand logs show`. */
export class LogsShowCommand extends MaandCommand {
  static override paths = [["logs", "show"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show logs: what ran on which worker, and its output",
    details:
      "Shows the lines of logs/ by time, or the lines of one run. A line must match all filters. Takes no lock and contacts no worker.",
    examples: [
      ["The last twenty lines of all workers", "maand logs show --tail 20"],
      ["What a job printed on one worker", "maand logs show --job api --worker 10.0.0.2 --format human"],
      ["One run, by the beginning of its id", "maand logs show --run 3f2a"],
      ["Follow a running command from another terminal", "maand logs show --follow"],
    ],
  });

  worker = Option.Array("--worker", [], {
    description: "Only lines of these workers: hosts, hostnames, label:x, zone:x.",
  });
  run = Option.String("--run", { description: "Only this run; the beginning of its id is enough." });
  runDir = Option.Boolean("--run-dir", false, { description: "Without --run: the newest run." });
  job = Option.Array("--job", [], { description: "Only lines of these jobs." });
  phase = Option.Array("--phase", [], { description: "Only these phases: rollout, rsync, reconcile, ..." });
  event = Option.Array("--event", [], { description: "Only these events: command_end, run_started, ..." });
  tail = Option.String("--tail", { description: "Only this many last lines; with --format human, last blocks." });
  format = Option.String("--format", "raw", { description: "raw: as stored; human: a block for each command." });
  follow = Option.Boolean("-f,--follow", false, { description: "Keep showing lines as they are written." });

  /** The requested workers. */
  #hosts: readonly string[] = [];

  override async work(): Promise<number> {
    const paths = findBucket(this.from);
    const { runRecords } = await loadRunRecords();
    const records = runRecords(paths);
    try {
      await records?.pull();
      return await this.#shown(paths, records);
    } finally {
      records?.close();
    }
  }

  async #shown(paths: BucketPaths, records: RunRecords | undefined): Promise<number> {
    const tail = this.#count();
    if (!/^(raw|h|human)$/.test(this.format)) throw usage(`"${this.format}" is not a format`, "use raw or human");
    const directory = logDirectory(paths.logs, {
      newestRun: this.runDir,
      ...(this.run === undefined ? {} : { run: this.run }),
    });
    const printer = new LogPrinter({
      format: this.json ? "json" : this.format === "raw" ? "raw" : "human",
      tail: tail ?? (this.follow && !this.#ofOneRun ? FOLLOW_TAIL : undefined),
      style: this.style("stdout"),
      to: this.context.stdout,
      signal: this.context.signal,
    });
    const names = namesIn(paths);
    this.#hosts = names.hostsOf(listOf(this.worker));
    const wanted = logFilter(this.#filter, names.isKnown);
    return this.follow ? this.#follow(directory, wanted, printer, records) : this.#show(directory, wanted, printer);
  }

  async #show(directory: string, wanted: ReturnType<typeof logFilter>, printer: LogPrinter): Promise<number> {
    const places = logPlaces(directory, this.#hosts);
    if (places.length === 0) {
      this.context.stderr.write("maand: no log files matched\n");
      return this.#hosts.length > 0 ? EXIT.ok : EXIT.failed;
    }
    const open = () => places.map((place) => new StoredLines(place.name, this.#partsOf(place)));
    const sources = open();
    await printer.print(mergedByTime(sources), wanted, () => mergedByTime(open()));
    return this.#reportProblems(sources.flatMap((source) => source.problem() ?? []));
  }

  async #follow(
    directory: string,
    wanted: ReturnType<typeof logFilter>,
    printer: LogPrinter,
    records: RunRecords | undefined,
  ): Promise<number> {
    const followed = new FollowedLogs(directory, this.#hosts);
    const { signal } = this.context;
    try {
      const before = followed.before(this.#enough);
      let over = await printer.follow(mergedByTime(before), wanted);
      this.#reportProblems(before.flatMap((source) => source.problem() ?? []));
      while (!(this.#ofOneRun && over) && !signal.aborted && !printer.gone()) {
        await pause(records ? PULL_EVERY_MS : LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
        await records?.pull();
        over = await printer.follow(followed.more(), wanted);
      }
      return signal.aborted ? EXIT.interrupted : EXIT.ok;
    } finally {
      followed.close();
    }
  }

  #partsOf({ path, aside }: LogPlace): FilePart[] {
    const parts = [...aside, path].map((one) => ({ path: one }));
    return this.#enough === undefined ? parts : lastParts(parts, this.#enough);
  }

  /** The number of last lines to read from each file; undefined if all lines must be read. */
  get #enough(): number | undefined {
    const { job, phase, event } = this.#filter;
    if (this.format !== "raw" || job.length + phase.length + event.length > 0) return undefined;
    return this.#count() ?? (this.follow && !this.#ofOneRun ? FOLLOW_TAIL : undefined);
  }

  get #ofOneRun(): boolean {
    return this.run !== undefined || this.runDir;
  }

  get #filter(): LogFilter {
    return {
      run: [], // the directory of a run contains only lines of this run
      worker: this.#hosts,
      job: listOf(this.job),
      phase: listOf(this.phase),
      event: listOf(this.event),
    };
  }

  #count(): number | undefined {
    if (this.tail === undefined) return undefined;
    if (!/^\d{1,9}$/.test(this.tail))
      throw usage(`--tail takes a number, not "${this.tail}"`, "for example: --tail 20");
    return Number(this.tail);
  }

  /** Reports logs with unreadable lines; everything else is shown. A log that cannot be opened fails the command. */
  #reportProblems(problems: readonly LogProblem[]): number {
    for (const { name, lines, message } of problems) {
      if (lines > 0) this.context.stderr.write(`maand: ${name}: skipped ${plural(lines, "unreadable line")}\n`);
      if (message !== undefined) this.context.stderr.write(`maand: ${name}: ${message}\n`);
    }
    return problems.some(({ message }) => message !== undefined) ? EXIT.failed : EXIT.ok;
  }
}

function usage(message: string, hint: string): MaandError {
  return new MaandError({ code: "USAGE", message, hint });
}
