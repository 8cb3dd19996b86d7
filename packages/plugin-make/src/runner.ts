import { readFileSync } from "node:fs";
import type { Argv, Remote } from "@maand/core";

/** Exit codes of the runner that mean something of their own; any other is make's. */
export const RUNNER_EXIT = { unknown: 3, timedOut: 124, ended: 130 } as const;

/** Milliseconds the runner needs to end what it started: SIGTERM, five seconds, SIGKILL. */
export const ENDING_MS = 8_000;

let files: Readonly<Record<string, string>> | undefined;

/** The runners as every worker is to have them under `bin/`; read on first use, so that loading the plugin is free. */
export function workerFiles(): Readonly<Record<string, string>> {
  files ??= { "runner.py": source("runner.py"), "runner.mjs": source("runner.mjs") };
  return files;
}

/** From `src/` and from `dist/` it is the same way to the sources that are delivered. */
function source(name: string): string {
  return readFileSync(new URL(`../worker/${name}`, import.meta.url), "utf8");
}

/** What a runner is asked to do. */
export interface RunnerCall {
  readonly bucketId: string;
  readonly target: string;
  readonly job: string;
  readonly program: string;
  readonly timeoutMs: number;
}

type Place = Pick<Remote, "root" | "transport">;

/** The command that runs one target of one job. */
export function runnerCommand(remote: Place, call: RunnerCall): Argv {
  const limit = ["--timeout", String(call.timeoutMs / 1000)];
  return [...runner(remote), call.bucketId, call.target, "--jobs", call.job, ...limit, ...programOf(call)];
}

/** The command that starts a runner to be asked for targets as they come; an older one knows no protocol, and says so. */
export function serveCommand(remote: Place, call: Pick<RunnerCall, "bucketId" | "program">): Argv {
  return [...runner(remote), call.bucketId, "--serve", "--protocol", "1", ...programOf(call)];
}

/** Python on a worker, Node for a worker that is a directory of this machine. */
function runner({ root, transport }: Place): readonly string[] {
  return transport === "local"
    ? [process.execPath, `${root}/bin/runner.mjs`]
    : ["python3", "-I", "-S", `${root}/bin/runner.py`];
}

function programOf({ program }: Pick<RunnerCall, "program">): readonly string[] {
  return program === "make" ? [] : ["--program", program];
}
