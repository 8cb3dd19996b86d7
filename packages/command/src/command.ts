import { resolve } from "node:path";
import type { CommandBucket } from "@maand/core";
import { MaandError, unbuiltText } from "@maand/core/readonly";
import type { BaseContext } from "clipanion";
import { withOpenedBucket } from "./bucket/open-bucket.ts";
import { Command, Option } from "./clipanion.ts";
import { EXIT, type ProcessContext, type Program, type ProgressReader } from "./context.ts";
import { exitOf, printError } from "./error.ts";
import { shownError } from "./shown-error.ts";
import { type Style, styleFor } from "./style.ts";
import { type Fold, foldRows } from "./tables/fold-rows.ts";
import { type Column, table } from "./tables/table.ts";
import { showsUnicode } from "./unicode.ts";

/** The context of a command. */
export type Context = ProcessContext & BaseContext & { readonly program: Program };

/** The base of all commands: global flags, output, and error handling. */
export abstract class MaandCommand extends Command<Context> {
  json = Option.Boolean("--json", false, {
    hidden: true,
    description: "Machine-readable output on stdout; progress and errors on stderr.",
  });
  noColor = Option.Boolean("--no-color", false, {
    hidden: true,
    description: "Print without colour, like NO_COLOR in the environment.",
  });
  quiet = Option.Boolean("-q,--quiet", false, { hidden: true, description: "Print only errors and the result." });
  directory = Option.String("-C", { hidden: true, description: "Run as if started in this directory." });
  config = Option.String("--config", {
    hidden: true,
    description: "Use this configuration file.",
  });

  progressMode = Option.String("--progress", {
    hidden: true,
    description: "Show progress as auto, live, lines or json.",
  });

  /** The reader that currently shows the progress of this command. */
  readonly progressReaders: ProgressReader[] = [];

  wide = Option.Boolean("--wide", false, {
    hidden: true,
    description: "Show all rows and columns of a table, even on a narrow screen.",
  });

  /** Runs the command; returns the exit code. */
  abstract work(): Promise<number>;

  /** Runs `work`; maand's own commands can wait for the bucket. */
  attempt(): Promise<number> {
    return this.work();
  }

  override async execute(): Promise<number> {
    try {
      const code = await this.attempt();
      // a failure after an interruption does not mean that the worker or job failed
      return code === EXIT.failed && this.context.signal.aborted ? EXIT.interrupted : code;
    } catch (thrown) {
      this.endProgress();
      const cause = shownError(thrown, this.context);
      printError(cause, {
        json: this.json,
        stdout: this.context.stdout,
        stderr: this.context.stderr,
        style: this.style("stderr"),
      });
      return exitOf(cause);
    } finally {
      this.endProgress();
    }
  }

  /** The working directory: the current directory, or the one of `-C`. */
  get from(): string {
    return resolve(this.context.cwd, this.directory ?? ".");
  }

  style(stream: "stdout" | "stderr"): Style {
    return styleFor(this.context[stream], this.context.env, this.noColor);
  }

  /** Writes a line of the result to stdout. */
  print(text: string): void {
    this.context.stdout.write(`${text}\n`);
  }

  /**
   * Writes a table to stdout. On a terminal, it fits the width if possible. With `fold`, many rows that differ only in
   * one column, such as the worker, become one row with their number. `--wide` shows everything. On a terminal without
   * Unicode, the table is plain ASCII, but not in a pipe or a file.
   */
  printTable(columns: readonly Column[], rows: Parameters<typeof table>[1], fold?: Fold): void {
    const { isTTY, columns: width } = this.context.stdout;
    const isFitted = isTTY === true && width !== undefined && width > 0 && !this.wide;
    const shown = isFitted && fold ? foldRows(rows, fold) : rows;
    const ascii = isTTY === true && !showsUnicode(this.context.env);
    this.print(table(columns, shown, { columns: isFitted ? width : undefined, ascii }));
    if (shown !== rows) this.print(this.style("stdout").faint(`${rows.length} rows; --wide lists all of them`));
  }

  /** Warns on stderr that edits since the last build are not included. */
  warnOfUnbuilt(parts: readonly string[]): void {
    if (parts.length === 0) return;
    this.context.stderr.write(`${this.style("stderr").warn("warning:")} ${unbuiltText(parts)}\n`);
  }

  /** Warns on stderr about jobs with a release that deploys skip. */
  warnOfHolds(held: readonly { readonly text: string }[]): void {
    for (const { text } of held) this.context.stderr.write(`${this.style("stderr").warn("warning:")} ${text}\n`);
  }

  /** Writes the JSON result. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, undefined, 2));
  }

  /** Prints events on stderr as they occur, until the command ends; with `verbose`, also all output of make and hooks. */
  async progress(verbose = false): Promise<ProgressReader> {
    const { quiet, progressMode: progress, from } = this;
    const reader = await this.context.program.reader({ quiet, verbose, progress, from, style: this.style("stderr") });
    this.progressReaders.push(reader);
    return reader;
  }

  /** Ends the output of {@link progress}, so that the terminal is as before. */
  endProgress(): void {
    for (const reader of this.progressReaders.splice(0)) reader.end();
  }

  /**
   * Opens the bucket with its plugins, runs a function on it, and closes it. The function can read what is stored, and
   * connect to workers.
   */
  withBucket<T>(work: (bucket: CommandBucket) => Promise<T>): Promise<T> {
    return withOpenedBucket(this, async (bucket) => {
      const { onCommandBucket } = await import("./bucket/command-bucket.ts");
      return onCommandBucket(bucket, this.path.join(" "), work);
    });
  }
}

/**
 * Parses a comma-separated list, from repeated flags and with white space, without duplicates. Returns an empty list if
 * the flag was not used. Throws USAGE for a list without a name, because a filter must never silently mean "all".
 */
export function listOf(flags: readonly string[] | string | undefined): string[] {
  const words = typeof flags === "string" ? [flags] : (flags ?? []);
  const names = words.flatMap((word) => word.split(",")).map((word) => word.trim());
  const given = [...new Set(names.filter((name) => name !== ""))];
  if (words.length === 0 || given.length > 0) return given;
  throw new MaandError({
    code: "USAGE",
    message: `the list "${words.join(" ")}" is empty`,
    hint: "add a name, or omit the flag",
  });
}
