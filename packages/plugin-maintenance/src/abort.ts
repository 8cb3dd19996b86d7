import { asMaandError, stopIfInterrupted, workerOf } from "@maand/core/operator";
import { isInMaintenance, type MaintainedWorker } from "@maand/core/readonly";
import { awaitWorker } from "./phases/await-worker.ts";
import { runOnWorker, settleWorker, stepName } from "./phases/run-on-worker.ts";
import { startJobs } from "./phases/start.ts";
import { releaseWorker } from "./release-worker.ts";
import type { Session } from "./session.ts";

/** The kinds of steps that must not run or begin after maintenance has ended. */
const KINDS = ["command", "reboot"] as const;

/**
 * Starts the jobs that the maintenance stopped, on all workers in parallel, because starts need no budget. Waits for
 * workers that are rebooting, and for commands that are still running. Returns what remains to be done, by worker;
 * undefined if nothing remains.
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

/** Makes sure that no step of the maintenance still runs on the worker or begins there later. */
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
