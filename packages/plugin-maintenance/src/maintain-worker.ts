import type { MaandError } from "@maand/core";
import { asMaandError } from "@maand/core/operator";
import type { MaintainedWorker, Phase } from "@maand/core/readonly";
import { admitAgain } from "./admit.ts";
import { mustBeAdmitted } from "./domain/remaining.ts";
import { phaseAfter } from "./domain/request.ts";
import { runCommand } from "./phases/command.ts";
import { drain } from "./phases/drain.ts";
import { reboot } from "./phases/reboot.ts";
import { settleWorker } from "./phases/run-on-worker.ts";
import { startJobs } from "./phases/start.ts";
import type { Session } from "./session.ts";

const WORK: Readonly<Record<Phase, (session: Session, host: string) => Promise<void>>> = {
  drain,
  command: runCommand,
  reboot,
  start: startJobs,
};

/**
 * Takes a worker through its phases, from its current phase. Each phase is recorded before it begins. A failure sets
 * the worker aside. After an interruption, the worker stays in its phase, and a resume continues it. Never throws for a
 * failure of the worker.
 */
export async function maintainWorker(session: Session, from: MaintainedWorker): Promise<void> {
  const { host } = from;
  let phase: Phase | undefined = from.phase;
  begin(session, from);
  while (phase) {
    try {
      if (from.state !== "waiting" && mustBeAdmitted({ ...from, phase })) await admitAgain(session, host);
      await WORK[phase](session, host);
    } catch (cause) {
      const error = asMaandError(cause);
      if (error.code === "INTERRUPTED" || session.run.bucket.signal.aborted) return;
      session.move(host, { state: "set_aside", message: messageOf(error) });
      return;
    }
    const next = phaseAfter(session.request, phase);
    if (next) session.move(host, { phase: next, attempt: 1, bootId: undefined });
    else session.move(host, { state: phase === "start" ? "done" : "drained" });
    settleWorker(session, host);
    phase = next;
  }
}

/**
 * Begins or continues an attempt. An interrupted worker continues its attempt, so that no step runs twice. A worker
 * that failed gets a new attempt. In the reboot phase, it keeps its boot id, because the reboot may have happened since
 * then.
 */
function begin(session: Session, { host, state, phase, attempt, bootId }: MaintainedWorker): void {
  const isRetry = state === "set_aside";
  session.move(host, {
    state: "under_way",
    phase,
    attempt: isRetry ? attempt + 1 : attempt,
    bootId: isRetry && phase === "command" ? undefined : bootId,
  });
}

function messageOf({ message, hint }: MaandError): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}
