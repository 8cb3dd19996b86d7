import { isMaandError } from "@maand/core";
import { type Run, reach, workerOf } from "@maand/core/operator";

/** A worker whose machine goes down and comes up again; whether it is known to be gone already. */
export interface RebootingWorker {
  readonly host: string;
  readonly gone: boolean;
}

/** Milliseconds a machine that was told to restart has until it lets go of its connections. */
const GOING_MS = 10_000;

type Source = Pick<Run, "bucket" | "reporter" | "connections" | "workers">;

/**
 * Waits until machines are back, each for `timeouts.command` at most; answers why not, by host. A machine that answered a
 * restart and is still there ten seconds later is taken to be up.
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

/** Holds on to the connection until the machine cuts it. */
async function waitForDisconnect({ connections, workers, bucket }: Source, host: string): Promise<void> {
  try {
    const remote = await connections.connect(workerOf({ workers }, host), { tell: false });
    const limits = { timeoutMs: GOING_MS, graceMs: 500, signal: bucket.signal };
    await remote.probe(["sleep", String(GOING_MS / 1000)], limits);
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
  }
}
