import { setTimeout as sleep } from "node:timers/promises";
import { MaandError, type Remote, type Worker } from "@maand/core";
import { asMaandError, atDelivery, stopIfInterrupted, workerOf } from "@maand/core/operator";
import { lastLines } from "@maand/core/toolbox";
import { BOOT_ID_FILE } from "../domain/boot-id.ts";
import type { Session } from "../session.ts";
import { awaitWorker, readBootId } from "./await-worker.ts";
import { toDrain } from "./drain.ts";
import { runOnWorker } from "./run-on-worker.ts";

/** How long the processes of stopped jobs may take to end, in milliseconds. */
const ENDING_MS = 30_000;
/** The time limit of the shutdown command itself, which usually does not respond. */
const SHUTDOWN_MS = 60_000;
/** The number of lines of output in the message of a refused shutdown. */
const LINES = 5;
/** Exit codes of a command that was stopped by the shutdown: HUP, KILL, TERM. */
const DISCONNECTED_CODES: readonly number[] = [129, 137, 143];

const SHUTDOWN = "command -v shutdown >/dev/null && exec shutdown -r now; exec reboot";

/**
 * Reboots a drained worker and waits until it is back with another boot id. It first records the old id, so that a run
 * that continues the maintenance can detect whether the worker has rebooted, and does not reboot it again.
 */
export async function reboot(session: Session, host: string): Promise<void> {
  const { run, request } = session;
  const worker = workerOf(run, host);
  const recorded = session.worker(host).bootId;
  const before = recorded ?? (await recordBootId(session, worker));
  const limitMs = request.returnMs;
  const now = recorded === undefined ? before : await awaitWorker(run, worker, { before: undefined, limitMs });
  if (now === before) {
    const remote = await run.connections.ready(worker);
    await refuseInUse(session, worker, remote);
    await shutDown(session, worker, remote);
  }
  await awaitWorker(run, worker, { before, limitMs });
}

async function recordBootId(session: Session, worker: Worker): Promise<string> {
  const remote = await session.run.connections.ready(worker);
  const bootId = await readBootId(remote);
  if (bootId === undefined)
    throw new MaandError({
      code: "NOT_REBOOTED",
      message: `${worker.host} has no boot id in ${BOOT_ID_FILE}, so a reboot of it could not be detected`,
      worker: worker.host,
      hint: "reboot it by hand with maand run_command, or leave --reboot out",
    });
  session.move(worker.host, { bootId });
  return bootId;
}

/**
 * Starts the reboot. The connection may close, because the boot id shows whether the reboot succeeded. Only a
 * refusal with an exit code is final.
 */
async function shutDown(session: Session, worker: Worker, remote: Remote): Promise<void> {
  const argv = ["sh", "-c", SHUTDOWN];
  const command = { kind: "reboot", argv, title: "shutdown -r now", timeoutMs: SHUTDOWN_MS };
  try {
    const result = await runOnWorker(session, worker, remote, command);
    if (result.code === 0 || DISCONNECTED_CODES.includes(result.code)) return;
    throw new MaandError({
      code: "COMMAND_FAILED",
      message: `${worker.host} cannot be rebooted: shutdown exited with code ${result.code}`,
      worker: worker.host,
      exit: result.code,
      output: lastLines(result, LINES),
    });
  } catch (cause) {
    const { code } = asMaandError(cause);
    if (code !== "DISCONNECTED" && code !== "UNREACHABLE" && code !== "TIMED_OUT") throw cause;
  }
}

/**
 * Checks just before the reboot that no job is recorded as running on the worker, and that no process works in the
 * directory of a job, such as a process that `make stop` left, or the shell of an operator. Waits for processes
 * that are about to end.
 */
async function refuseInUse(session: Session, { host }: Worker, remote: Remote): Promise<void> {
  const { bucket } = session.run;
  const view = session.view(host);
  view.refresh();
  const running = toDrain(view, host).filter(({ stop }) => stop);
  const recorded = running.map(({ job }) => `${job.name} is recorded as running there`);
  const began = bucket.now().getTime();
  for (;;) {
    const found = recorded.length > 0 ? recorded : await processesIn(atDelivery(bucket, remote));
    if (found.length === 0) return;
    if (recorded.length > 0 || bucket.now().getTime() - began > ENDING_MS) throw inUse(host, found);
    await sleep(1_000, undefined, { signal: bucket.signal }).catch(() => undefined);
    stopIfInterrupted(bucket.signal);
  }
}

/**
 * Prints the processes that work in a directory. A single program lists all processes, because a program for each
 * process would take seconds.
 */
export const PROCESSES = `place=$(readlink -f -- "$1") || exit 0
ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -F -- " -> $place/" | while read -r line; do
  pid=\${line#*/proc/}; pid=\${pid%%/*}; at=\${line#* -> "$place"/}
  echo "$(cat "/proc/$pid/comm" 2>/dev/null || echo "a process") (pid $pid) works in jobs/$at"
done`;

async function processesIn(remote: Remote): Promise<string[]> {
  const argv = ["sh", "-c", PROCESSES, "sh", `${remote.root}/jobs`];
  const { stdout } = await remote.exec(argv, { title: "the search for processes of jobs", asRoot: true });
  return stdout.split("\n").filter((line) => line !== "");
}

function inUse(host: string, found: readonly string[]): MaandError {
  const [first = ""] = found;
  const more = found.length > 1 ? ` and ${found.length - 1} more` : "";
  return new MaandError({
    code: "STILL_IN_USE",
    message: `${host} was not rebooted: ${first}${more}`,
    worker: host,
    output: found,
    hint: "stop it, or fix the stop target of its job; then run maand maintain resume",
  });
}
