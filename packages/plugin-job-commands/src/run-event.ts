import { type Allocation, isMaandError, MaandError, type ScopedJobContext } from "@maand/core";
import pLimit from "p-limit";
import type { CommandRuntime } from "./command-runtime.ts";
import { type CommandEvent, commandsFor } from "./events.ts";
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
}

/** The result of a command for one allocation. */
export interface CommandResult {
  readonly command: string;
  readonly allocation: Allocation;
  readonly failure?: MaandError;
}

/**
 * Runs the commands of a job for an event, one after another; each for all its allocations, even if it fails for one. After
 * a failed command the following ones do not run. Throws all failures as one error.
 */
export async function runEvent(runtime: CommandRuntime, run: EventRun): Promise<void> {
  const results = await tryEvent(runtime, run);
  const failures = results.flatMap(({ failure }) => failure ?? []);
  if (failures.length > 0) throw joined(failures);
}

/** The same, returning the result of each. */
export async function tryEvent(runtime: CommandRuntime, run: EventRun): Promise<CommandResult[]> {
  const { context, event, allocations, concurrency, only } = run;
  const side = pLimit(concurrency);
  const results: CommandResult[] = [];
  for (const { name } of commandsFor(context.job, event)) {
    if (only !== undefined && name !== only) continue;
    const one = (allocation: Allocation) => tryOne(runtime, run, name, allocation);
    const ended = await Promise.all(allocations.map((allocation) => side(() => one(allocation))));
    results.push(...ended);
    if (ended.some(({ failure }) => failure !== undefined)) break;
  }
  return results;
}

async function tryOne(
  runtime: CommandRuntime,
  { context, event, env = {} }: EventRun,
  command: string,
  allocation: Allocation,
): Promise<CommandResult> {
  try {
    if (context.signal.aborted) throw new MaandError({ code: "INTERRUPTED", message: `${command} was not started` });
    await runCommand(runtime, { context, event, command, allocation, env });
    return { command, allocation };
  } catch (cause) {
    if (isMaandError(cause)) return { command, allocation, failure: cause };
    const message = `${command} of ${context.job.name} for ${allocation.host}: ${cause instanceof Error ? cause.message : String(cause)}`;
    const failure = new MaandError({ code: "JOB_COMMAND_FAILED", message, worker: allocation.host, cause });
    return { command, allocation, failure };
  }
}

/** Combines several failures in one error that lists all; it is a timeout only if each of them is. */
function joined(failures: readonly MaandError[]): MaandError {
  const [first] = failures;
  const interrupted = failures.find(({ code }) => code === "INTERRUPTED");
  if (first && failures.length === 1) return first;
  if (interrupted) return interrupted;
  const codes = new Set(failures.map(({ code }) => code));
  return new MaandError({
    code: codes.size === 1 && first ? first.code : "JOB_COMMAND_FAILED",
    message: failures.map(({ message }) => message).join("; "),
    ...(first?.hint === undefined ? {} : { hint: first.hint }),
    output: first?.output ?? [],
    cause: first,
  });
}
