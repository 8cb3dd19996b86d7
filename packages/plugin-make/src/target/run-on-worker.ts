import { createHash } from "node:crypto";
import { type ExecResult, MaandError, type WorkerCommandContext } from "@maand/core";
import { Output, reveal } from "@maand/core/internal";
import { Cutoff } from "../runner/cutoff.ts";
import { RunnerClient } from "../runner/runner-client.ts";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { ENDING_MS, RUNNER_EXIT } from "../runner-program.ts";
import { cutOffBy, forgetReceipt, requestCommand } from "./request-command.ts";
import { cannotStart } from "./target-errors.ts";

/** Stands for the worker itself where the runner expects a job; no job can have this name. */
const WHOLE_WORKER = "+worker";

/** How long the tap may be without any activity: as long as its command. */
export function patienceOf({ command }: WorkerCommandContext): number {
  return command.timeoutMs + 2 * ENDING_MS;
}

/**
 * Runs a command of a maintenance through the runner, which keeps a receipt of it. It continues there when this run is interrupted.
 * Returns undefined where no runner can be started, and throws as `Remote` does.
 */
export async function runOnWorker(context: WorkerCommandContext, runners: RunnerPool): Promise<ExecResult | undefined> {
  const { remote, bucket, step, command, signal } = context;
  const cutoff = new Cutoff(signal);
  const began = performance.now();
  try {
    const runner = await runners.ready(remote, bucket.id, cutoff, command.timeoutMs + ENDING_MS);
    if (typeof runner === "string") throw cutOffBy(remote.host, runner);
    if (!(runner instanceof RunnerClient)) {
      const known = cannotStart(remote.host, runner.errorText);
      if (known) throw known;
      return undefined;
    }
    step.onSettled(() => forgetReceipt(remote, WHOLE_WORKER, command.id, runners));
    const output = new Output(command.onLine);
    const onLine = (line: string, stream: "stdout" | "stderr") => output.push(stream, Buffer.from(`${line}\n`));
    const code = await requestCommand(remote, requestOf(context), runner, cutoff, onLine, { outlivesRun: true });
    if (code === RUNNER_EXIT.timedOut) throw timedOut(remote.host, command.title, command.timeoutMs);
    return output.end(code, Math.round(performance.now() - began));
  } finally {
    cutoff.close();
  }
}

function requestOf({ command, step }: WorkerCommandContext) {
  const argv = command.argv.map(reveal);
  const env = Object.fromEntries(Object.entries(command.env).map(([name, value]) => [name, reveal(value)]));
  return {
    ...{ target: command.title, job: WHOLE_WORKER, timeout: command.timeoutMs / 1000, env, argv },
    ...{ step: command.id, voids: step.replaces, what: digestOf(argv, env) },
  };
}

/** What a receipt knows a command by: not its words, which may have secrets. */
function digestOf(argv: readonly string[], env: Readonly<Record<string, string>>): string {
  return createHash("sha256")
    .update(JSON.stringify([argv, env]))
    .digest("hex");
}

function timedOut(host: string, title: string, timeoutMs: number): MaandError {
  const message = `${title} on ${host} timed out after ${timeoutMs / 1000} s`;
  return new MaandError({ code: "TIMED_OUT", message, worker: host });
}
