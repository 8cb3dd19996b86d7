import { isMaandError, MaandError, type TargetContext } from "@maand/core";
import type { ErrorParts } from "@maand/core/internal";
import { RUNNER_EXIT } from "../runner-program.ts";

/** One allocation and all that is needed to run a target of it. */
export type Unit = Omit<TargetContext, "target">;

/** The error for a runner's exit code other than 0. */
export function failure(unit: Unit, target: string, output: readonly string[], code: number): MaandError {
  const parts = { worker: unit.remote.host, exit: code, output };
  return new MaandError({ ...parts, ...meaning(unit, target, output, code) });
}

function meaning(unit: Unit, target: string, output: readonly string[], code: number): ErrorParts {
  switch (code) {
    case RUNNER_EXIT.timedOut:
      return timedOut(unit, target);
    case RUNNER_EXIT.ended:
      return { code: "INTERRUPTED", message: `${commandOf(unit, target)} was interrupted` };
    case RUNNER_EXIT.notHere:
      return notHere(unit, target);
    case RUNNER_EXIT.nothingToRun:
      return nothingToRun(unit, target, output);
    case RUNNER_EXIT.noProgram:
      return noProgram(unit, output);
    default:
      return output.some((line) => line.includes(`No rule to make target '${target}'`))
        ? noTarget(unit, target)
        : failed(unit, target, code);
  }
}

/** The same where the remote cut the command off. An error from before it began is left as it is. */
export function cutOff(unit: Unit, target: string, output: readonly string[], cause: unknown): unknown {
  if (!isMaandError(cause)) return cause;
  const what = commandOf(unit, target);
  const parts = { worker: unit.remote.host, output, cause };
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
        hint: "it continues there by itself; the next command on this job waits for it",
      });
    default:
      return cause;
  }
}

/** Why no runner starts on a worker, from what was printed instead; undefined where that is not understood. */
export function cannotStart(host: string, errorText: string): MaandError | undefined {
  const older = /runner: this is Python (\S+)/.exec(errorText)?.[1];
  const lacks = { code: "WORKER_LACKS", worker: host } as const;
  if (older !== undefined)
    return new MaandError({
      ...lacks,
      message: `python3 on ${host} is ${older}`,
      hint: `install Python 3.7 or newer on ${host}`,
    });
  if (!/python3: (command )?not found|python3['"]?: No such file/.test(errorText)) return undefined;
  return new MaandError({ ...lacks, message: `${host} lacks python3`, hint: `install it on ${host}` });
}

function failed(unit: Unit, target: string, code: number): ErrorParts {
  const { job, remote, allocation } = unit;
  const again = `maand job run ${job.name} --target ${target} --allocations ${remote.host}`;
  return {
    code: "COMMAND_FAILED",
    message: `${commandOf(unit, target)} failed with exit code ${code}`,
    hint: allocation.removed
      ? onWorker(unit, `fix target ${target}`)
      : `look at target ${target} of workspace/jobs/${job.name}/Makefile; try it again with: ${again}`,
  };
}

/** Found by make's English message. In another language the message itself is shown, among the last lines. */
function noTarget(unit: Unit, target: string): ErrorParts {
  const { job, remote, allocation } = unit;
  return {
    code: "COMMAND_FAILED",
    message: `the Makefile of ${job.name} on ${remote.host} has no target ${target}`,
    hint: allocation.removed
      ? onWorker(unit, `add target ${target}`)
      : `add it to workspace/jobs/${job.name}/Makefile, then run maand build and maand deploy`,
  };
}

function nothingToRun(unit: Unit, target: string, output: readonly string[]): ErrorParts {
  const { job, remote, allocation } = unit;
  const why = output.findLast((line) => line.startsWith("runner: "))?.replace(/^runner: [^:]+: /, "");
  const deed = `write a rule for ${target}`;
  return {
    code: "COMMAND_FAILED",
    message: `target ${target} of ${job.name} on ${remote.host} would do nothing: ${why ?? "make would run no recipe"}`,
    hint: allocation.removed
      ? onWorker(unit, deed)
      : `${deed} in workspace/jobs/${job.name}/Makefile, then run maand build and maand deploy`,
  };
}

function notHere(unit: Unit, target: string): ErrorParts {
  const { job, remote, directory } = unit;
  if (target === "stop")
    return {
      code: "NOT_DELIVERED",
      message: `${job.name} on ${remote.host} was not stopped: no Makefile in ${directory}`,
      hint: "if worker_root was changed, set it back in maand.conf and run maand deploy; if the files were deleted, stop it by hand",
    };
  return {
    code: "NOT_DELIVERED",
    message: `${commandOf(unit, target)} could not begin: the job is not deployed there`,
    hint: "run maand deploy first",
  };
}

function noProgram({ remote }: Unit, output: readonly string[]): ErrorParts {
  const line = output.at(-1) ?? "";
  const [program = "make"] = line.split(": ");
  return {
    code: "WORKER_LACKS",
    message: `${remote.host} cannot run ${program}: ${line.slice(program.length + 2) || "not found"}`,
    hint: `install it on ${remote.host}`,
  };
}

function timedOut(unit: Unit, target: string): ErrorParts {
  const { job, timeoutMs, allocation } = unit;
  return {
    code: "TIMED_OUT",
    message: `${commandOf(unit, target)} timed out after ${timeoutMs / 1000} s`,
    hint: allocation.removed
      ? onWorker(unit, `see where target ${target} waits, and fix it`)
      : `see where target ${target} waits, or raise timeout_seconds in the manifest of ${job.name}`,
  };
}

function commandOf({ job, remote }: Unit, target: string): string {
  return `make ${target} of ${job.name} on ${remote.host}`;
}

/** No worker gets new files of what was removed, so its Makefile is fixed where it is. */
function onWorker({ job, remote, directory }: Unit, deed: string): string {
  return `${deed} in ${directory}/Makefile on ${remote.host}, or put back workspace/jobs/${job.name} and what else was removed, and build; then run maand deploy again`;
}
