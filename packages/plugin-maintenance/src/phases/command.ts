import { UNATTENDED_ENVIRONMENT, UNATTENDED_SCRIPT } from "@maand/command/on-workers";
import { type ExecResult, MaandError, secret } from "@maand/core";
import { asMaandError, withEnd, workerOf } from "@maand/core/operator";
import { lastLines } from "@maand/core/toolbox";
import type { Session } from "../session.ts";
import { awaitWorker, readBootId } from "./await-worker.ts";
import { runOnWorker } from "./run-on-worker.ts";

/** The number of lines of output in the message of a failed command. */
const LINES = 12;
/** The number of attempts to continue a command whose connection closed. */
const RECONNECTS = 5;

/**
 * Runs the command of the maintenance on a drained worker, once. If its connection closes, the command continues on the
 * worker, and its result is fetched over another connection. Throws COMMAND_FAILED if it fails, or if the machine
 * restarted during the command, because the result is then unknown.
 */
export async function runCommand(session: Session, host: string): Promise<void> {
  const { reporter, bucket } = session.run;
  reporter.emit("script.started", { worker: host, script: session.request.command ?? "" });
  await withEnd(
    bucket.now,
    () => fetchResult(session, host),
    (end) => reporter.emit("script.finished", { worker: host, ...end }),
  );
}

/** Follows the command over as many connections as necessary. */
async function fetchResult(session: Session, host: string): Promise<void> {
  const { run, request } = session;
  const worker = workerOf(run, host);
  for (let left = RECONNECTS; ; left -= 1) {
    try {
      const remote = await run.connections.ready(worker);
      refuseRestarted(session, host, await readBootId(remote));
      const { command = "", commandMs: timeoutMs } = request;
      const env = { ...UNATTENDED_ENVIRONMENT, MAAND_SCRIPT: secret(command) };
      const title = "the command of the maintenance";
      const result = await runOnWorker(session, worker, remote, {
        ...{ kind: "command", argv: UNATTENDED_SCRIPT, title, env, timeoutMs },
      });
      return refuseFailed(host, result);
    } catch (cause) {
      const { code } = asMaandError(cause);
      if (left === 0 || (code !== "DISCONNECTED" && code !== "UNREACHABLE")) throw cause;
      await awaitWorker(run, worker, { before: undefined, limitMs: request.returnMs });
    }
  }
}

/**
 * Throws if the boot id of the machine has changed since this attempt began. Without a boot id, a reboot cannot be
 * detected.
 */
function refuseRestarted(session: Session, host: string, now: string | undefined): void {
  const { bootId } = session.worker(host);
  if (bootId === undefined) session.move(host, { bootId: now });
  if (bootId === undefined || now === undefined || now === bootId) return;
  throw new MaandError({
    code: "COMMAND_FAILED",
    message: `${host} restarted while the command ran, so it is unknown how much of it was done`,
    worker: host,
    hint: "check the machine; maand maintain resume runs the command again",
  });
}

function refuseFailed(host: string, result: ExecResult): void {
  if (result.code === 0) return;
  const output = lastLines(result, LINES);
  throw new MaandError({
    code: "COMMAND_FAILED",
    message: `the command failed on ${host} with exit code ${result.code}${output.length > 0 ? `: ${output.at(-1)}` : ""}`,
    worker: host,
    exit: result.code,
    output,
    hint: "its jobs remain stopped: maand maintain resume runs the command again, maand maintain abort starts the jobs",
  });
}
