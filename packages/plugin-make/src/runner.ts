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

/** The command that starts the runner: Python on a worker, Node for a worker that is a directory of this machine. */
export function runnerCommand(remote: Pick<Remote, "root" | "transport">, call: RunnerCall): Argv {
  const start =
    remote.transport === "local"
      ? [process.execPath, `${remote.root}/bin/runner.mjs`]
      : ["python3", "-I", "-S", `${remote.root}/bin/runner.py`];
  const program = call.program === "make" ? [] : ["--program", call.program];
  const limit = ["--timeout", String(call.timeoutMs / 1000)];
  return [...start, call.bucketId, call.target, "--jobs", call.job, ...limit, ...program];
}
