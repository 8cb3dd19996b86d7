import { type Allocation, MaandError, type OutputStream, type ScopedJobContext } from "@maand/core";
import { followProcess, startProcess } from "@maand/core/internal";
import type { CommandRuntime } from "./command-runtime.ts";
import type { CommandEvent } from "./events.ts";
import { environmentOf } from "./process/environment.ts";
import { reasonIn } from "./process/failure-reason.ts";
import { commandLine } from "./process/interpreter.ts";
import { LimitedLines } from "./process/limited-lines.ts";
import { MODULES, scriptsOf } from "./process/scripts.ts";
import type { ShownOutput } from "./process/shown-output.ts";
import { createWorkingDirectory, type WorkingDirectory } from "./process/working-directory.ts";
import { commandLimitMs } from "./time-limit.ts";

/** The number of last lines that are searched for the reason of a failure. */
const LINES = 12;
/** The time between SIGTERM and SIGKILL, in milliseconds. */
const GRACE_MS = 5_000;

/** One process: a command of a job, for an event and an allocation. */
export interface CommandRun {
  readonly context: ScopedJobContext;
  readonly event: CommandEvent;
  readonly command: string;
  readonly allocation: Allocation;
  readonly env: Readonly<Record<string, string>>;
  /** Output shown by earlier runs, which is not shown again. */
  readonly shown?: ShownOutput;
}

/**
 * Runs one command for one allocation. Its writes to the KV store are stored if it succeeds, and discarded otherwise.
 * Throws JOB_COMMAND_FAILED, TIMED_OUT or INTERRUPTED. The error has no output, because every line was shown when it
 * arrived. Its message ends with the line that names the reason.
 */
export async function runCommand(runtime: CommandRuntime, run: CommandRun): Promise<void> {
  const { context, event, command, allocation } = run;
  const scope = context.scope(allocation);
  await scope.command(command, event, async () => {
    const kv = scope.openKv();
    const files = runtime.filesOf(context);
    const directory = createWorkingDirectory(files, {
      context,
      allocation,
      kv,
      extent: event === "health_check" ? "modules" : "all",
    });
    try {
      const session = { context, scope, kv, event, command, semaphores: runtime.semaphores };
      await runtime.api.serve(session, (api) =>
        runScript(
          run,
          directory,
          files.cache,
          environmentOf({ scope, job: context.job, event, command, more: run.env, api }),
        ),
      );
    } finally {
      await directory.clear();
    }
    kv.commit();
  });
}

async function runScript(
  run: CommandRun,
  directory: WorkingDirectory,
  cache: string,
  env: Record<string, string>,
): Promise<void> {
  const { context, command, allocation } = run;
  const { job, settings, signal } = context;
  const [script] = scriptsOf(job, command);
  if (!script) throw failed(run, "there is no script for it", "run maand build");
  const { log } = context.scope(allocation);
  const timeoutMs = commandLimitMs(job, settings);
  const line = commandLine({
    root: context.bucket.root,
    job,
    command,
    script: script.path.slice(MODULES.length + 1),
    cache,
  });
  const last: string[] = [];
  const show = (text: string, stream: OutputStream) => log(text, { stream });
  const output = run.shown?.compare(`${command} ${allocation.id}`, directory.modules, show);
  const lines = new LimitedLines((text, stream) => {
    (output?.push ?? show)(text, stream);
    if (last.push(text) > LINES) last.shift();
  });
  const started = await startProcess(line, { cwd: directory.modules, env, endsWithUs: true });
  const { end, cut } = await followProcess(started, {
    timeoutMs,
    signal,
    graceMs: GRACE_MS,
    leavesNothing: true, // a hook ends with its process
    backPressure: context.backPressure,
    onOutput: (stream, chunk) => lines.push(stream, chunk),
  });
  lines.end();
  output?.end();
  const { code, failure } = end;
  if (failure !== undefined)
    throw failed(run, `could not be started: ${failure}`, `check that ${line[0]} is installed on this machine`);
  if (cut === "TIMED_OUT") throw timedOut(run, timeoutMs);
  if (cut === "INTERRUPTED")
    throw new MaandError({
      code: "INTERRUPTED",
      message: `${nameOf(run)} was interrupted`,
      worker: allocation.host,
    });
  if (code === 0) return;
  const reason = reasonIn(last);
  const what = `failed with exit code ${code}${reason === undefined ? "" : `: ${reason}`}`;
  throw failed(run, what, `check workspace/jobs/${job.name}/${script.path}`, code ?? undefined);
}

function nameOf({ context, event, command, allocation }: CommandRun): string {
  return `${command} (${event}) of ${context.job.name} for ${allocation.host}`;
}

function failed(run: CommandRun, what: string, hint: string, exit?: number): MaandError {
  return new MaandError({
    code: "JOB_COMMAND_FAILED",
    message: `${nameOf(run)} ${what}`,
    hint,
    worker: run.allocation.host,
    ...(exit === undefined ? {} : { exit }),
  });
}

function timedOut(run: CommandRun, timeoutMs: number): MaandError {
  return new MaandError({
    code: "TIMED_OUT",
    message: `${nameOf(run)} timed out after ${timeoutMs / 1000} s`,
    hint: `check what it waits for, or raise timeouts.hook in maand.conf, or timeout_seconds in the manifest of ${run.context.job.name}`,
    worker: run.allocation.host,
  });
}
