import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { createHooks } from "@maand/core/internal";
import { initContext } from "@maand/core/testing";
import { certs } from "@maand/plugin-certs";
import { run } from "./run.ts";

/** The result of a command line. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An interactive terminal: the text that is typed, and additional environment variables. */
export interface Terminal {
  readonly answer?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Called with each part of the output as it is written; the output is then not a terminal. */
  readonly onOutput?: (text: string) => void;
}

/**
 * Runs command lines in this process, as if typed in a directory; with `columns`, on a screen of this width, and with
 * `terminal`, with all streams of a terminal.
 */
export function typedIn(
  cwd: string,
  now = () => new Date(),
  columns?: number,
  terminal?: Terminal,
): (...argv: string[]) => Promise<CommandResult> {
  return async (...argv) => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    if (columns !== undefined) Object.assign(stdout, { isTTY: true, columns });
    const { onOutput } = terminal ?? {};
    if (onOutput) stdout.on("data", (chunk: Buffer) => onOutput(chunk.toString()));
    else if (terminal) for (const stream of [stdin, stderr]) Object.assign(stream, { isTTY: true, columns });
    if (terminal?.answer !== undefined) stdin.end(terminal.answer);
    const printed = Promise.all([text(stdout), text(stderr)]);
    const code = await run(argv, {
      stdin,
      stdout,
      stderr,
      env: { PATH: process.env.PATH, TERM: "dumb", ...terminal?.env },
      cwd,
      signal: terminal?.signal ?? new AbortController().signal,
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

/** A new bucket, with `conf` in its `maand.conf`. Tests create the bucket once and copy it. */
export async function initialised(conf = ""): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "maand-typed-"));
  await copyAuthority(root);
  if (conf !== "") writeFileSync(join(root, "maand.conf"), conf);
  const { code, err } = await typedIn(root)("init");
  if (code !== 0) throw new Error(err);
  return root;
}

/** Copies a CA into a bucket, because `maand init` or a build would take seconds to make a key of 4096 bits. */
export async function copyAuthority(root: string): Promise<void> {
  const hooks = createHooks();
  await certs({ caKey: "ecdsa-p256" }).apply(hooks);
  await hooks.init.promise(initContext({ bucket: { id: "bucket", root }, now: () => new Date() }));
}
