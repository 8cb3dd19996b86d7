import { MaandError, type PreflightContext } from "@maand/core";
import { setRecordReader, type WorkerRecord } from "@maand/core/toolbox";
import { Cutoff } from "./cutoff.ts";
import { RunnerClient } from "./runner-client.ts";
import type { RunnerPool } from "./runner-pool.ts";

type Context = Pick<PreflightContext, "remote" | "bucket" | "signal" | "settings">;

/**
 * Core reads the record of a worker from the greeting of the runner that runs the next target there, so that reading it
 * needs no separate command.
 */
export function offerRecord(context: Context, runners: RunnerPool): void {
  setRecordReader(context.remote, () => readRecord(context, runners));
}

/**
 * Starts the runner of a worker, and returns what it found there. Returns undefined if a runner is already running,
 * because its greeting may be out of date, or if no runner can be started. Throws TIMED_OUT, INTERRUPTED, and the
 * errors of `Remote` for an unreachable worker.
 */
async function readRecord(
  { remote, bucket, signal, settings }: Context,
  runners: RunnerPool,
): Promise<WorkerRecord | undefined> {
  if (await runners.running(remote)) return undefined;
  const cutoff = new Cutoff(signal);
  try {
    const runner = await runners.ready(remote, bucket.id, cutoff, settings.timeouts.commandMs);
    if (typeof runner === "string") throw notRead(remote.host, runner);
    if (!(runner instanceof RunnerClient)) return undefined;
    runner.rest();
    return { fence: runner.fenceText, workerJson: runner.workerJson };
  } finally {
    cutoff.close();
  }
}

function notRead(host: string, code: "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED"): MaandError {
  const how = code === "TIMED_OUT" ? "timed out" : "was interrupted";
  return new MaandError({ code, message: `the check of the files on ${host} ${how}`, worker: host });
}
