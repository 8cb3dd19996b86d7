import { isMaandError } from "@maand/core";
import { type Run, reach, workerOf } from "@maand/core/operator";

/** A worker whose machine reboots, and whether it is already known to be down. */
export interface RebootingWorker {
  readonly host: string;
  readonly gone: boolean;
}

/** The time in milliseconds within which a machine must close its connections after a restart command. */
const GOING_MS = 10_000;

type Source = Pick<Run, "bucket" | "reporter" | "connections" | "workers">;

/**
 * Waits until machines are back, each for at most `timeouts.command`; returns the failures by host. A machine that
 * accepted a restart and is still connected ten seconds later counts as up.
 */
export async function awaitReturn(
  source: Source,
  rebooting: readonly RebootingWorker[],
): Promise<ReadonlyMap<string, string>> {
  const away = await Promise.all(
    rebooting.map(async (one): Promise<[string, string][]> => {
      const failure = await awaitOne(source, one);
      return failure === undefined ? [] : [[one.host, failure]];
    }),
  );
  return new Map(away.flat());
}

async function awaitOne(source: Source, { host, gone }: RebootingWorker): Promise<string | undefined> {
  if (!gone) await waitForDisconnect(source, host);
  const limitMs = source.bucket.settings.timeouts.commandMs;
  source.connections.forget(host);
  const report = (attempt: number, message: string) =>
    `waiting for ${host} to be back (attempt ${attempt}): ${message}`;
  const failure = await reach(source, workerOf(source, host), { limitMs, report });
  return failure && `was not back after ${limitMs / 1000} s: ${failure.message}`;
}

/** Keeps the connection open until the machine closes it. */
async function waitForDisconnect({ connections, workers, bucket }: Source, host: string): Promise<void> {
  try {
    const remote = await connections.connect(workerOf({ workers }, host), { reportFailure: false });
    const limits = { timeoutMs: GOING_MS, graceMs: 500, signal: bucket.signal };
    await remote.probe(["sleep", String(GOING_MS / 1000)], limits);
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
  }
}
