import { type Allocation, isMaandError, type JobCommand, MaandError, type ScopedJobContext } from "@maand/core";
import { groupBy } from "@maand/core/readonly";
import pLimit from "p-limit";
import type { CommandRuntime } from "./command-runtime.ts";
import { allocationsFor, type CommandEvent, commandsFor } from "./events.ts";
import type { ShownOutput } from "./process/shown-output.ts";
import { runCommand } from "./run-command.ts";

/** An event of a job, and the allocations its commands run for. */
export interface EventRun {
  readonly context: ScopedJobContext;
  readonly event: CommandEvent;
  readonly allocations: readonly Allocation[];
  /** The number of processes to run in parallel. */
  readonly concurrency: number;
  /** Variables of this event. */
  readonly env?: Readonly<Record<string, string>>;
  /** Only this command. */
  readonly only?: string;
  /** Output shown by earlier runs of the same commands, which is not shown again. */
  readonly shown?: ShownOutput;
}

/** The result of a command for one allocation. */
export interface CommandResult {
  readonly command: string;
  readonly allocation: Allocation;
  /** Whether it ran once for the whole job, which `allocation` represents. */
  readonly once: boolean;
  readonly failure?: MaandError;
}

/**
 * Runs the commands of a job for an event, one after another. Each command runs for all its allocations, even if it
 * fails for one of them. After a failed command, the following commands do not run. Throws all failures as one error.
 */
export async function runEvent(runtime: CommandRuntime, run: EventRun): Promise<void> {
  const results = await tryEvent(runtime, run);
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0) throw joined(failed);
}

/** Like `runEvent`, but returns the result of each command. */
export async function tryEvent(runtime: CommandRuntime, run: EventRun): Promise<CommandResult[]> {
  const { context, event, allocations, concurrency, only } = run;
  const limit = pLimit(concurrency);
  const results: CommandResult[] = [];
  for (const command of commandsFor(context.job, event)) {
    if (only !== undefined && command.name !== only) continue;
    const one = (allocation: Allocation) => tryOne(runtime, run, command, allocation);
    const those = allocationsFor(command, allocations, context);
    const ended = await Promise.all(those.map((allocation) => limit(() => one(allocation))));
    results.push(...ended);
    if (ended.some(({ failure }) => failure !== undefined)) break;
  }
  return results;
}

async function tryOne(
  runtime: CommandRuntime,
  { context, event, env = {}, shown }: EventRun,
  { name: command, once: oncePerJob }: JobCommand,
  allocation: Allocation,
): Promise<CommandResult> {
  const once = oncePerJob === true;
  try {
    if (context.signal.aborted) throw new MaandError({ code: "INTERRUPTED", message: `${command} was not started` });
    await runCommand(runtime, { context, event, command, allocation, env, ...(shown ? { shown } : {}) });
    return { command, allocation, once };
  } catch (cause) {
    if (isMaandError(cause)) return { command, allocation, once, failure: cause };
    const message = `${command} of ${context.job.name} for ${allocation.host}: ${cause instanceof Error ? cause.message : String(cause)}`;
    const failure = new MaandError({ code: "JOB_COMMAND_FAILED", message, worker: allocation.host, cause });
    return { command, allocation, once, failure };
  }
}

/** Combines several failures in one error that names all of them. It is a timeout only if each failure is a timeout. */
function joined(failed: readonly CommandResult[]): MaandError {
  const failures = failed.flatMap(({ failure }) => failure ?? []);
  const [first] = failures;
  const interrupted = failures.find(({ code }) => code === "INTERRUPTED");
  if (first && failures.length === 1) return first;
  if (interrupted) return interrupted;
  const codes = new Set(failures.map(({ code }) => code));
  return new MaandError({
    code: codes.size === 1 && first ? first.code : "JOB_COMMAND_FAILED",
    message: failuresInWords(failed),
    ...(first?.hint === undefined ? {} : { hint: first.hint }),
    cause: first,
  });
}

/** The maximum number of different failures in a message, and of workers per failure; others are only counted. */
const MAX_NAMED = 10;

/** Failures in one line. Failures that differ only in the worker are named once, with all their workers. */
export function failuresInWords(failed: readonly CommandResult[]): string {
  const alike = groupBy(failed, ({ failure, allocation }) => (failure?.message ?? "").replace(of(allocation), of()));
  const lines = [...alike.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const hosts = listed(
      same.map(({ allocation }) => allocation.host),
      ", ",
    );
    return [(first.failure?.message ?? "").replace(of(first.allocation), ` for ${hosts}`)];
  });
  return listed(lines, "; ");
}

function of(allocation?: Allocation): string {
  return ` for ${allocation?.host ?? ""}`;
}

function listed(items: readonly string[], separator: string): string {
  const more = items.length > MAX_NAMED ? ` and ${items.length - MAX_NAMED} more` : "";
  return `${items.slice(0, MAX_NAMED).join(separator)}${more}`;
}
