import {
  type Done,
  type ErrorParts,
  type ExecOptions,
  type ExecResult,
  isMaandError,
  MaandError,
  type TargetContext,
} from "@maand/core";
import { ENDING_MS, RUNNER_EXIT, runnerCommand } from "./runner.ts";

/** Lines of output a failure is told with. */
const LINES = 12;

/** One allocation and all that is needed to run a target of it. */
type Unit = Omit<TargetContext, "target">;

/**
 * Runs one target of a job's Makefile on one worker, through the runner there (deploy.md 2.3, decisions 9 and 13).
 * Throws TIMED_OUT, INTERRUPTED, DISCONNECTED or COMMAND_FAILED, with the last lines of output in the order they came.
 */
export async function runTarget(unit: Unit, target: string, program: string): Promise<Done> {
  const { remote, env, signal, timeoutMs, bucket, job } = unit;
  const last: string[] = [];
  const command = runnerCommand(remote, { bucketId: bucket.id, target, job: job.name, program, timeoutMs });
  const options: ExecOptions = {
    env,
    signal,
    asRoot: true,
    stopWord: "end\n",
    graceMs: ENDING_MS,
    timeoutMs: timeoutMs + ENDING_MS,
    onLine(line, stream) {
      unit.log(line, { stream });
      if (last.push(line) > LINES) last.shift();
    },
  };
  const result = await remote.probe(command, options).catch((cause: unknown) => {
    throw cutOff(unit, target, last, cause);
  });
  if (result.code !== 0) throw failure(unit, target, last, result);
  return "done";
}

/** What the runner's exit code means. */
function failure(unit: Unit, target: string, output: readonly string[], { code }: ExecResult): MaandError {
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
      return new MaandError({
        ...parts,
        code: "COMMAND_FAILED",
        message: `${what} failed with exit code ${code}`,
        hint: `look at target ${target} of workspace/jobs/${job.name}/Makefile; try it again with: ${again(unit, target)}`,
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

function timedOut({ job, remote, timeoutMs }: Unit, target: string): ErrorParts {
  return {
    code: "TIMED_OUT",
    message: `make ${target} of ${job.name} on ${remote.host} timed out after ${timeoutMs / 1000} s`,
    hint: `see where target ${target} waits, or raise timeout_seconds in the manifest of ${job.name}`,
  };
}

function again({ job, remote }: Unit, target: string): string {
  return `maand job run ${job.name} --target ${target} --allocations ${remote.host}`;
}
