import { isMaandError, MaandError, type TargetContext } from "@maand/core";
import type { ErrorParts } from "@maand/core/toolbox";
import { RUNNER_EXIT } from "../runner-program.ts";

/** One allocation, with everything that is needed to run a target on it. */
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
    case RUNNER_EXIT.noLock:
      return noLock(unit, target, output);
    case RUNNER_EXIT.noProgram:
      return noProgram(unit, output);
    default:
      return output.some((line) => line.includes(`No rule to make target '${target}'`))
        ? noTarget(unit, target)
        : failed(unit, target, code);
  }
}

/** The error for a command that the remote cut off. An error from before its start is returned unchanged. */
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
        hint: "the command continues on the worker; the next command on this job waits for it",
      });
    default:
      return cause;
  }
}

/** The reason why no runner starts on a worker, from the output of the attempt; undefined if the output is unknown. */
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
      : `check target ${target} in workspace/jobs/${job.name}/Makefile; to run it again: ${again}`,
  };
}

/**
 * The error for a missing target, detected by make's English message. In another language, the message itself appears
 * among the last lines.
 */
function noTarget(unit: Unit, target: string): ErrorParts {
  const { job, remote, allocation } = unit;
  return {
    code: "COMMAND_FAILED",
    message: `the Makefile of ${job.name} on ${remote.host} has no target ${target}`,
    hint: allocation.removed
      ? onWorker(unit, `add target ${target}`)
      : `add it to workspace/jobs/${job.name}/Makefile, then run maand deploy --build`,
  };
}

function nothingToRun(unit: Unit, target: string, output: readonly string[]): ErrorParts {
  const { job, remote, allocation } = unit;
  const why = output.findLast((line) => line.startsWith("runner: "))?.replace(/^runner: [^:]+: /, "");
  const advice = `write a rule for ${target}`;
  return {
    code: "COMMAND_FAILED",
    message: `target ${target} of ${job.name} on ${remote.host} would do nothing: ${why ?? "make would run no recipe"}`,
    hint: allocation.removed
      ? onWorker(unit, advice)
      : `${advice} in workspace/jobs/${job.name}/Makefile, then run maand deploy --build`,
  };
}

/** The error for an unusable lock, without which a command could run at the same time as another one. */
function noLock(unit: Unit, target: string, output: readonly string[]): ErrorParts {
  const { remote } = unit;
  const why = output.findLast((line) => line.startsWith("runner: "))?.replace(/^runner: [^:]+: /, "");
  return {
    code: "COMMAND_FAILED",
    message: `${commandOf(unit, target)} could not begin: ${why ?? "its lock cannot be used"}`,
    hint: `nothing was run; check ${remote.root}/locks on ${remote.host}: free disk space, or delete whatever is in its place`,
  };
}

function notHere(unit: Unit, target: string): ErrorParts {
  const { job, remote, directory } = unit;
  if (target === "stop")
    return {
      code: "NOT_DELIVERED",
      message: `${job.name} on ${remote.host} was not stopped: no Makefile in ${directory}`,
      hint: "if worker_root was changed, restore it in maand.conf and run maand deploy; if the files were deleted, stop it by hand",
    };
  return {
    code: "NOT_DELIVERED",
    message: `${commandOf(unit, target)} could not start: the job is not deployed there`,
    hint: `run maand deploy --verify --jobs ${job.name}`,
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
      ? onWorker(unit, `check what target ${target} waits for, and fix it`)
      : `check what target ${target} waits for, or raise timeout_seconds in the manifest of ${job.name}`,
  };
}

function commandOf({ job, remote }: Unit, target: string): string {
  return `make ${target} of ${job.name} on ${remote.host}`;
}

/** The hint for a removed job: it gets no new files, so its Makefile must be fixed on the worker. */
function onWorker({ job, remote, directory }: Unit, advice: string): string {
  return `${advice} in ${directory}/Makefile on ${remote.host}, then run maand deploy; or restore workspace/jobs/${job.name} and anything else that was removed, then run maand deploy --build`;
}
