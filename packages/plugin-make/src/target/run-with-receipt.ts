import { createHash } from "node:crypto";
import { type ExecResult, MaandError, type RunOnceContext, type WorkerCommandContext } from "@maand/core";
import { Output, reveal } from "@maand/core/toolbox";
import { Cutoff } from "../runner/cutoff.ts";
import { RunnerClient } from "../runner/runner-client.ts";
import { fenceFields, refusedByFence } from "../runner/runner-fence.ts";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { ENDING_MS, RUNNER_EXIT } from "../runner-program.ts";
import { cutOffBy, forgetReceipt, type OnLine, requestCommand } from "./request-command.ts";
import { cannotStart } from "./target-errors.ts";

/** A command of another plugin, or of maintenance, with its step. */
type StepContext = RunOnceContext | WorkerCommandContext;

/** How a command is run, and the name of its receipt. */
export interface ReceiptOptions {
  /** The job, or a name instead of a job. */
  readonly job: string;
  /** The identity of the command in its receipt. Only its digest is kept, because the words may contain secrets. */
  readonly identity: unknown;
  /** Whether the receipt is deleted once its result is stored. */
  readonly forgets: boolean;
  /** Whether the command continues on the worker if this run is interrupted; default: false. */
  readonly outlivesRun?: boolean;
}

/**
 * Runs a command through the runner of a worker, which keeps a receipt of it. Returns undefined if no runner can be
 * started, and throws as `Remote` does.
 */
export async function runWithReceipt(
  { remote, bucket, step, command, signal, backPressure }: StepContext,
  runners: RunnerPool,
  { job, identity, forgets, outlivesRun = false }: ReceiptOptions,
): Promise<ExecResult | undefined> {
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
    if (forgets) step.onSettled(() => forgetReceipt(remote, job, command.id, runners));
    const output = new Output(command.onLine);
    const printed: string[] = [];
    const onLine: OnLine = (line, stream) => {
      if (line.startsWith("runner: ")) printed.push(line);
      output.push(stream, Buffer.from(`${line}\n`));
    };
    const request = {
      ...fenceFields(remote, runner),
      ...{ target: command.title, job, timeout: command.timeoutMs / 1000, ...plainWords(command) },
      ...{ step: command.id, voids: step.replaces, what: digestOf(identity) },
    };
    const code = await requestCommand(remote, request, runner, cutoff, onLine, { backPressure, outlivesRun });
    if (code === RUNNER_EXIT.timedOut) throw timedOut(remote.host, command.title, command.timeoutMs);
    if (code === RUNNER_EXIT.fenced) throw refusedByFence(remote, printed);
    return output.end(code, Math.round(performance.now() - began));
  } finally {
    cutoff.close();
  }
}

/** The words of a command and its environment in plain text, for the worker. */
export function plainWords({ argv, env }: Pick<StepContext["command"], "argv" | "env">): {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  return {
    argv: argv.map(reveal),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, reveal(value)])),
  };
}

function digestOf(identity: unknown): string {
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex");
}

function timedOut(host: string, title: string, timeoutMs: number): MaandError {
  const message = `${title} on ${host} timed out after ${timeoutMs / 1000} s`;
  return new MaandError({ code: "TIMED_OUT", message, worker: host });
}
