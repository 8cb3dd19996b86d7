import { type Done, type ErrorParts, isMaandError, MaandError } from "@maand/core";
import { ask, type Unit } from "./ask.ts";
import { RUNNER_EXIT } from "./runner.ts";
import type { Runners } from "./runners.ts";

/** Lines of output a failure is told with. */
const LINES = 12;

/**
 * Runs one target of a job's Makefile on one worker, through the runner there (deploy.md 2.3, decisions 9 and 13).
 * Throws TIMED_OUT, INTERRUPTED, DISCONNECTED or COMMAND_FAILED, with the last lines of output in the order they came.
 */
export async function runTarget(unit: Unit, target: string, runners: Runners): Promise<Done> {
  const last: string[] = [];
  const code = await ask(unit, target, runners, (line, stream) => {
    unit.log(line, { stream });
    if (last.push(line) > LINES) last.shift();
  }).catch((cause: unknown) => {
    throw cutOff(unit, target, last, cause);
  });
  if (code !== 0) throw failure(unit, target, last, code);
  return "done";
}

/** What the runner's exit code means. */
function failure(unit: Unit, target: string, output: readonly string[], code: number): MaandError {
  const { job, remote } = unit;
  const what = `make ${target} of ${job.name} on ${remote.host}`;
  const parts = { worker: remote.host, exit: code, output };
  switch (code) {
    case RUNNER_EXIT.timedOut:
      return new MaandError({ ...parts, ...timedOut(unit, target) });
    case RUNNER_EXIT.ended:
      return new MaandError({ ...parts, code: "INTERRUPTED", message: `${what} was interrupted` });
    case RUNNER_EXIT.unknown:
      return new MaandError({
        ...parts,
        code: "COMMAND_FAILED",
        message: `${what} could not begin: the job is not deployed there`,
        hint: "run maand deploy first",
      });
    default:
      if (output.some((line) => line.includes(`No rule to make target '${target}'`)))
        return new MaandError({ ...parts, ...noTarget(unit, target) });
      return new MaandError({
        ...parts,
        code: "COMMAND_FAILED",
        message: `${what} failed with exit code ${code}`,
        hint: unit.allocation.removed
          ? onWorker(unit, `mend target ${target}`)
          : `look at target ${target} of workspace/jobs/${job.name}/Makefile; try it again with: ${again(unit, target)}`,
      });
  }
}

/** The same in our words when the remote cut the command off; what never began is told in the remote's own. */
function cutOff(unit: Unit, target: string, output: readonly string[], cause: unknown): unknown {
  if (!isMaandError(cause)) return cause;
  const { job, remote } = unit;
  const what = `make ${target} of ${job.name} on ${remote.host}`;
  const parts = { worker: remote.host, output, cause };
  switch (cause.code) {
    case "TIMED_OUT":
      return new MaandError({ ...parts, ...timedOut(unit, target) });
    case "INTERRUPTED":
      return new MaandError({ ...parts, code: "INTERRUPTED", message: `${what} was interrupted` });
    case "DISCONNECTED":
      return new MaandError({
        ...parts,
        code: "DISCONNECTED",
        message: `the connection closed during ${what}`,
        hint: "it goes on there by itself; the next command on this job waits for it",
      });
    default:
      return cause;
  }
}

/** Where make speaks another language, its own words are what is told. */
function noTarget(unit: Unit, target: string): ErrorParts {
  const { job, remote, allocation } = unit;
  return {
    code: "COMMAND_FAILED",
    message: `the Makefile of ${job.name} on ${remote.host} has no target ${target}`,
    hint: allocation.removed
      ? onWorker(unit, `add target ${target}`)
      : `add it to workspace/jobs/${job.name}/Makefile, then maand build and maand deploy`,
  };
}

function timedOut(unit: Unit, target: string): ErrorParts {
  const { job, remote, timeoutMs, allocation } = unit;
  return {
    code: "TIMED_OUT",
    message: `make ${target} of ${job.name} on ${remote.host} timed out after ${timeoutMs / 1000} s`,
    hint: allocation.removed
      ? onWorker(unit, `see where target ${target} waits, and mend it`)
      : `see where target ${target} waits, or raise timeout_seconds in the manifest of ${job.name}`,
  };
}

/** What was removed is brought to no worker any more: its Makefile is mended where it is. */
function onWorker({ job, remote, directory }: Unit, deed: string): string {
  return `${deed} in ${directory}/Makefile on ${remote.host}, or put back workspace/jobs/${job.name} and what else was removed, and build; then run maand deploy again`;
}

function again({ job, remote }: Unit, target: string): string {
  return `maand job run ${job.name} --target ${target} --allocations ${remote.host}`;
}
