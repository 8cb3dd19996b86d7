import { asMaandError, stopIfInterrupted, workerOf } from "@maand/core/operator";
import { isInMaintenance, type MaintainedWorker } from "@maand/core/readonly";
import { awaitWorker } from "./phases/await-worker.ts";
import { runOnWorker, settleWorker, stepName } from "./phases/run-on-worker.ts";
import { startJobs } from "./phases/start.ts";
import { releaseWorker } from "./release-worker.ts";
import type { Session } from "./session.ts";

/** The time limit of the command that waits for one that still runs on a worker, and of which nothing more is to begin. */
const KINDS = ["command", "reboot"] as const;

/**
 * Starts what the maintenance stopped, on all workers at once: that costs no budget. A worker that is rebooting is waited for, and so
 * is a command that still runs on one. Returns what remains to be done, by worker; undefined if nothing does.
 */
export async function abortWorkers(session: Session): Promise<string | undefined> {
  const left = await Promise.all(session.workers.map((worker) => abortOne(session, worker)));
  stopIfInterrupted(session.run.bucket.signal);
  const problems = left.filter((problem) => problem !== undefined);
  return problems.length === 0 ? undefined : problems.join("; ");
}

async function abortOne(session: Session, worker: MaintainedWorker): Promise<string | undefined> {
  const { host, state } = worker;
  if (state === "done" || state === "aborted") return undefined;
  let problem: string | undefined;
  if (isInMaintenance(worker)) {
    try {
      await waitForRest(session, worker);
      await startJobs(session, host);
    } catch (cause) {
      const error = asMaandError(cause);
      if (error.code === "INTERRUPTED" || session.run.bucket.signal.aborted) return undefined;
      problem = `its jobs were not started: ${error.message}; maand deploy starts them`;
    }
  }
  session.move(host, { state: "aborted", message: problem });
  settleWorker(session, host);
  releaseWorker(session, host);
  return problem === undefined ? undefined : `${host}: ${problem}`;
}

/** No step of the maintenance may still run on the worker, or begin there later. */
async function waitForRest(session: Session, { host, state, phase }: MaintainedWorker): Promise<void> {
  const { run, request } = session;
  const worker = workerOf(run, host);
  if (state === "under_way" && phase === "reboot")
    await awaitWorker(run, worker, { before: undefined, limitMs: request.returnMs });
  if (phase !== "command" && phase !== "reboot") return;
  const remote = await run.connections.ready(worker);
  const replaces = KINDS.map((kind) => stepName(session, host, kind));
  const command = { kind: "end", argv: ["true"], title: "the end of the maintenance", timeoutMs: request.commandMs };
  await runOnWorker(session, worker, remote, { ...command, replaces });
}
