/** For tests of commands: runs a command in this process, as if it were typed. */
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Plugin } from "@maand/core";
import type { CommandClass } from "clipanion";
import { Cli } from "../clipanion.ts";
import type { Context } from "../command.ts";

/** The options of {@link runCommand}. */
export interface TypedIn {
  /** The current directory, such as `root` of a test bucket. */
  readonly cwd: string;
  /** The plugins of the bucket, instead of the stock plugins; its configuration can add others. */
  readonly plugins?: readonly Plugin[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** What a command printed, and its exit code. */
export interface TypedResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line, without `maand` in front: `runCommand(UptimeCommand, ["uptime", "--json"], { cwd: bucket.root })`. */
export async function runCommand(
  command: CommandClass<Context>,
  argv: readonly string[],
  { cwd, plugins = [], env = {}, stdin = "", signal = new AbortController().signal }: TypedIn,
): Promise<TypedResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const cli = Cli.from<Context>([command], { binaryName: "maand" });
  const code = await cli.run([...argv], {
    stdin: Readable.from([stdin]),
    stdout,
    stderr,
    env,
    cwd,
    signal,
    now: () => new Date(),
    pid: process.pid,
    machine: "here",
    program: {
      loadOptions: async () => ({ defaults: () => plugins, modules: {} }),
      reader: async () => Object.assign(() => undefined, { readLines: () => undefined, end: () => undefined }),
      status: async () => ({}),
      self: [process.execPath],
    },
  });
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { code, stdout: out, stderr: err };
}
