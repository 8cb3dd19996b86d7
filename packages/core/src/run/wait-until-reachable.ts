import { setTimeout as sleep } from "node:timers/promises";
import type { RunReporter } from "../bucket/bucket.ts";
import { asMaandError } from "../bucket/error-outcome.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { MaandError } from "../errors.ts";
import type { Connections } from "./connections.ts";

/** Limits of a wait for a worker. */
export interface Patience {
  /** Maximum number of attempts; default: as many as `limitMs` allows. */
  readonly attempts?: number;
  /** The time in milliseconds after which no further attempt starts; default: no limit. */
  readonly limitMs?: number;
  /** Returns the line to print after a failed attempt, before the next one. */
  report(attempt: number, message: string): string;
}

/** Milliseconds between two attempts. */
const RETRY_MS = 1_000;

type Source = { readonly reporter: RunReporter; readonly connections: Connections };

/**
 * Waits until a worker can run a command; an open port or a hung sshd does not count. If the worker cannot run a
 * command in time, returns the last error. Without `patience`, makes only one attempt.
 */
export async function reach(
  { reporter, connections }: Source,
  worker: Worker,
  patience: Patience | undefined,
): Promise<MaandError | undefined> {
  const { now, signal } = reporter.bucket;
  const end = now().getTime() + (patience?.limitMs ?? Number.POSITIVE_INFINITY);
  for (let attempt = 1; ; attempt += 1) {
    const last = patience === undefined || attempt >= (patience.attempts ?? Number.POSITIVE_INFINITY);
    const failure = await failureOf({ reporter, connections }, worker, patience === undefined);
    if (!failure || last || now().getTime() + RETRY_MS > end || signal.aborted) return failure;
    reporter.context({ worker: worker.host }).log(patience.report(attempt, failure.message));
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    connections.forget(worker.host);
  }
}

/** A new connection was just verified, so only an older connection is checked. */
async function failureOf(
  { reporter, connections }: Source,
  worker: Worker,
  reportFailure: boolean,
): Promise<MaandError | undefined> {
  try {
    const fresh = !connections.reached(worker.host);
    const remote = await connections.connect(worker, { reportFailure });
    const { connectMs } = reporter.bucket.settings.timeouts;
    if (!fresh) await remote.probe(["true"], { timeoutMs: connectMs, graceMs: 500 });
    return undefined;
  } catch (cause) {
    return asMaandError(cause);
  }
}
