import { resolve } from "node:path";
import type { MaandEvent, OpenedBucket, Plugin } from "@maand/core";
import { MaandError } from "@maand/core/readonly";
import { type BaseContext, Command, Option } from "clipanion";
import { eventReader } from "../output/deploy/readers.ts";
import { exitOf, printError } from "../output/error.ts";
import { type Style, styleFor } from "../output/style.ts";
import { type Column, table } from "../output/tables/table.ts";
import { keepDetailsIn } from "../process/unexpected.ts";
import type { ProcessContext } from "./context.ts";
import { shownError } from "./shown-error.ts";

/** What commands are run with. */
export type Context = ProcessContext & BaseContext;

/** What every command shares: the global flags, where output goes, and what becomes of an error. */
export abstract class MaandCommand extends Command<Context> {
  json = Option.Boolean("--json", false, {
    hidden: true,
    description: "Machine output on stdout; progress and errors stay on stderr.",
  });
  noColor = Option.Boolean("--no-color", false, {
    hidden: true,
    description: "No colour; NO_COLOR in the environment says the same.",
  });
  quiet = Option.Boolean("-q,--quiet", false, { hidden: true, description: "Only errors and the result." });
  directory = Option.String("-C", { hidden: true, description: "As if started in this directory." });
  config = Option.String("--config", {
    hidden: true,
    description: "Use this configuration file instead of looking for one.",
  });

  /** Does the command; answers the exit code. */
  abstract work(): Promise<number>;

  override async execute(): Promise<number> {
    try {
      return await this.work();
    } catch (thrown) {
      const cause = shownError(thrown, this.context);
      printError(cause, {
        json: this.json,
        stdout: this.context.stdout,
        stderr: this.context.stderr,
        style: this.style("stderr"),
      });
      return exitOf(cause);
    }
  }

  /** Where the command works: the current directory, or that of `-C`. */
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

  /** Writes a table to stdout; on a screen it keeps to its width as well as it can. */
  printTable(columns: readonly Column[], rows: Parameters<typeof table>[1]): void {
    const { isTTY, columns: room } = this.context.stdout;
    this.print(table(columns, rows, isTTY === true && room ? room : undefined));
  }

  /** Writes the result of `--json`. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, undefined, 2));
  }

  /** What tells of events on stderr, as they come. */
  progress(): (event: MaandEvent) => void {
    return eventReader({ ...this.context, quiet: this.quiet, style: this.style("stderr") });
  }

  /** Opens the bucket with its plugins, does something with it, and closes it. */
  async withBucket<T>(work: (bucket: OpenedBucket) => Promise<T>, reader?: (event: MaandEvent) => void): Promise<T> {
    const core = await import("@maand/core");
    const { loadOptions } = await import("./load-options.ts");
    const read = reader ?? this.progress();
    const output: Plugin = { name: "output", apply: (hooks) => hooks.event.tap("output", read) };
    const maand = await core.openBucket({
      from: this.from,
      now: this.context.now,
      signal: this.context.signal,
      pid: this.context.pid,
      readers: [output],
      ...loadOptions(this.context.cwd, this.config),
    });
    const forget = keepDetailsIn(maand);
    try {
      return await work(maand);
    } catch (cause) {
      throw core.maskedError(shownError(cause, this.context), maand.mask);
    } finally {
      forget();
      maand.close();
    }
  }
}

/**
 * A list as it is typed: commas, repeated flags, blanks around names; each name once. Empty when nothing was typed. Throws
 * USAGE for a list that was typed and names nobody: a filter never silently means "all" (decision 33).
 */
export function listOf(flags: readonly string[] | string | undefined): string[] {
  const words = typeof flags === "string" ? [flags] : (flags ?? []);
  const names = words.flatMap((word) => word.split(",")).map((word) => word.trim());
  const given = [...new Set(names.filter((name) => name !== ""))];
  if (words.length === 0 || given.length > 0) return given;
  throw new MaandError({
    code: "USAGE",
    message: `the list "${words.join(" ")}" is empty`,
    hint: "name something in it, or leave the flag out",
  });
}
