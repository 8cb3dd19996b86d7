import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { run } from "./run.ts";

/** What a command line came to. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs command lines in this process, as if typed in a directory; with `columns`, on a screen so wide. */
export function typedIn(
  cwd: string,
  now = () => new Date(),
  columns?: number,
): (...argv: string[]) => Promise<CommandResult> {
  return async (...argv) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    if (columns !== undefined) Object.assign(stdout, { isTTY: true, columns });
    const printed = Promise.all([text(stdout), text(stderr)]);
    const code = await run(argv, {
      stdin: new PassThrough(),
      stdout,
      stderr,
      env: { PATH: process.env.PATH },
      cwd,
      signal: new AbortController().signal,
      now,
      pid: process.pid,
      machine: "here",
    });
    stdout.end();
    stderr.end();
    const [out, err] = await printed;
    return { code, out, err };
  };
}

/** A new bucket; to be made once and copied, since making the keys of its authority takes seconds. */
export async function initialised(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "maand-typed-"));
  const { code, err } = await typedIn(root)("init");
  if (code !== 0) throw new Error(err);
  return root;
}
