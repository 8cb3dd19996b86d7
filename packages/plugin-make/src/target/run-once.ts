import { createHash } from "node:crypto";
import { type ExecResult, MaandError, type RunOnceContext } from "@maand/core";
import { Output, reveal } from "@maand/core/internal";
import { Cutoff } from "../runner/cutoff.ts";
import { RunnerClient } from "../runner/runner-client.ts";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { ENDING_MS, RUNNER_EXIT } from "../runner-program.ts";
import { cutOffBy, forgetReceipt, requestCommand } from "./request-command.ts";
import { cannotStart } from "./target-errors.ts";

/**
 * Runs a command of another plugin's step through the runner, which keeps a receipt of it. Returns undefined where no runner
 * can be started, and throws as `Remote` does.
 */
export async function runOnce(context: RunOnceContext, runners: RunnerPool): Promise<ExecResult | undefined> {
  const { remote, bucket, command, signal } = context;
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
    return await runThrough(runner, context, { runners, cutoff, began });
  } finally {
    cutoff.close();
  }
}

interface UnderWay {
  readonly runners: RunnerPool;
  readonly cutoff: Cutoff;
  readonly began: number;
}

async function runThrough(
  runner: RunnerClient,
  { remote, job, step, command }: RunOnceContext,
  { runners, cutoff, began }: UnderWay,
): Promise<ExecResult> {
  // a step that this run continues may have been sent to more runners, and its receipt is there for them
  if (step.resumes === null) step.onSettled(() => forgetReceipt(remote, job.name, command.id, runners));
  const argv = command.argv.map(reveal);
  const env = Object.fromEntries(Object.entries(command.env).map(([name, value]) => [name, reveal(value)]));
  const output = new Output(command.onLine);
  const request = {
    ...{ target: command.title, job: job.name, timeout: command.timeoutMs / 1000, env, argv },
    ...{ step: command.id, voids: step.replaces, what: digestOf(argv) },
  };
  const code = await requestCommand(remote, request, runner, cutoff, (line, stream) =>
    output.push(stream, Buffer.from(`${line}\n`)),
  );
  if (code === RUNNER_EXIT.timedOut) throw timedOut(remote.host, command.title, command.timeoutMs);
  return output.end(code, Math.round(performance.now() - began));
}

/** What a receipt knows a command by: not its words, which may have secrets. */
function digestOf(argv: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(argv)).digest("hex");
}

function timedOut(host: string, title: string, timeoutMs: number): MaandError {
  const message = `${title} on ${host} timed out after ${timeoutMs / 1000} s`;
  return new MaandError({ code: "TIMED_OUT", message, worker: host });
}
