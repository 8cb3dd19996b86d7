import { setTimeout as sleep } from "node:timers/promises";
import { MaandError, type Remote, type Worker } from "@maand/core";
import { asMaandError, type Run, stopIfInterrupted } from "@maand/core/operator";
import { BOOT_ID_FILE, parseBootId } from "../domain/boot-id.ts";

/** Milliseconds between two attempts to reach a worker. */
const RETRY_MS = 1_000;
/** The interval at which a wait is reported, in milliseconds. */
const REPORT_MS = 30_000;

/** The id of the current boot of a worker; undefined if it has none. Throws if it cannot be read. */
export async function readBootId(remote: Remote): Promise<string | undefined> {
  const { code, stdout } = await remote.probe(["cat", BOOT_ID_FILE], { title: "the request for its boot id" });
  return code === 0 ? parseBootId(stdout) : undefined;
}

/** What {@link awaitWorker} waits for. */
export interface Awaited {
  /** The boot id from before the reboot, which the worker must no longer have. Undefined accepts any boot id. */
  readonly before: string | undefined;
  /** Milliseconds from now after which no attempt starts. */
  readonly limitMs: number;
}

/**
 * Waits until a worker reports a boot id that differs from the one before. Only a valid boot id counts, not the text
 * of an error. Returns the id, if the worker has one. Throws NOT_REBOOTED after the limit, and immediately throws
 * errors that waiting cannot change.
 */
export async function awaitWorker(
  { bucket, connections, reporter }: Pick<Run, "bucket" | "connections" | "reporter">,
  worker: Worker,
  { before, limitMs }: Awaited,
): Promise<string | undefined> {
  const { log } = reporter.context({ worker: worker.host });
  const began = bucket.now().getTime();
  let reportedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    stopIfInterrupted(bucket.signal);
    connections.forget(worker.host);
    const found = await bootIdNow(connections, worker, bucket.settings.timeouts.connectMs);
    if (found.answers && (before === undefined || (found.id !== undefined && found.id !== before))) return found.id;
    const waited = bucket.now().getTime() - began;
    const problem = found.answers ? (found.id === undefined ? NO_ID : "it has not restarted yet") : found.problem;
    if (waited + RETRY_MS > limitMs) throw notBack(worker, limitMs, problem);
    if (waited - reportedAt >= REPORT_MS) {
      log(`waiting for ${worker.host} to be back: ${problem}`);
      reportedAt = waited;
    }
    await sleep(RETRY_MS, undefined, { signal: bucket.signal }).catch(() => undefined);
  }
}

const NO_ID = "it responds, but not with a boot id";

type Answer =
  | { readonly answers: true; readonly id: string | undefined }
  | { readonly answers: false; readonly problem: string };

async function bootIdNow(connections: Run["connections"], worker: Worker, timeoutMs: number): Promise<Answer> {
  try {
    const remote = await connections.connect(worker, { reportFailure: false });
    const { code, stdout } = await remote.probe(["cat", BOOT_ID_FILE], { timeoutMs, graceMs: 500 });
    return { answers: true, id: code === 0 ? parseBootId(stdout) : undefined };
  } catch (cause) {
    const error = asMaandError(cause);
    if (error.code === "INTERRUPTED" || error.code === "HOST_KEY_CHANGED") throw error;
    return { answers: false, problem: error.message };
  }
}

function notBack({ host }: Worker, limitMs: number, problem: string): MaandError {
  return new MaandError({
    code: "NOT_REBOOTED",
    message: `${host} was not back after ${limitMs / 1000} s: ${problem}`,
    worker: host,
    hint: "check the machine; maand maintain resume waits for it again",
  });
}
