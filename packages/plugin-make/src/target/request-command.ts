import type { BackPressure, ExecOptions } from "@maand/core";
import { MaandError, type Remote } from "@maand/core";
import { LineSplitter } from "@maand/core/toolbox";
import type { Cutoff, CutoffCode } from "../runner/cutoff.ts";
import type { RunnerClient, RunnerRequest } from "../runner/runner-client.ts";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { ENDING_MS } from "../runner-program.ts";

export type OnLine = NonNullable<ExecOptions["onLine"]>;

/** Options of following a command. */
export interface RequestOptions {
  /** Pauses the command while the readers of its lines are behind. */
  readonly backPressure: BackPressure;
  /** Whether the command continues on the worker when this run is interrupted; default: no. */
  readonly outlivesRun?: boolean;
}

/**
 * Sends a command to a runner, waits until the command exits, and returns its exit code. Throws TIMED_OUT, INTERRUPTED
 * or DISCONNECTED if the exit code is unknown. If the run is interrupted, a command that outlives it is not stopped.
 */
export async function requestCommand(
  { host }: Pick<Remote, "host">,
  request: RunnerRequest,
  runner: RunnerClient,
  cutoff: Cutoff,
  onLine: OnLine,
  { backPressure, outlivesRun = false }: RequestOptions,
): Promise<number> {
  const lines = {
    stdout: new LineSplitter((line) => onLine(line, "stdout")),
    stderr: new LineSplitter((line) => onLine(line, "stderr")),
  };
  let isCut = false;
  const cutOff = cutoff.reached.then(() => {
    isCut = true;
  });
  // the response of a runner that stops the command must be read
  const unlessCut = () => {
    const caughtUp = isCut ? undefined : backPressure();
    return caughtUp && Promise.race([caughtUp, cutOff]);
  };
  const running = runner.request(request, (stream, bytes) => lines[stream].push(bytes), unlessCut);
  const cut = cutoff.reached.then(async (code) => {
    if (code === "INTERRUPTED" && !outlivesRun) await cutoff.atMost(ENDING_MS, running.end());
    running.abandon();
    return code;
  });
  const ended = await Promise.race([running.ended.then((code) => code ?? "DISCONNECTED"), cut]);
  lines.stdout.end();
  lines.stderr.end();
  if (cutoff.interrupted) throw cutOffBy(host, "INTERRUPTED");
  if (typeof ended === "string") throw cutOffBy(host, ended);
  return ended;
}

/** The error of a command whose runner was cut off. */
export function cutOffBy(host: string, code: CutoffCode): MaandError {
  return new MaandError({ code, message: `the runner on ${host} was cut off`, worker: host });
}

/** Deletes a receipt whose result is stored. Without a runner, it remains until a later step of its job. */
export async function forgetReceipt(remote: Remote, job: string, step: string, runners: RunnerPool): Promise<void> {
  const runner = await runners.running(remote);
  await runner?.request({ settled: { [job]: [step] } }, () => {}).ended;
}
