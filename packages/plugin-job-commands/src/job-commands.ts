import { type Allocation, definePlugin, type Job, type Plugin, type ScopedJobContext } from "@maand/core";
import { COMMAND_SETTINGS, CommandsClaim } from "./claim.ts";
import { type CommandEvent, concerns } from "./events.ts";
import type { EventRun } from "./run-event.ts";
import { commandLimitMs } from "./time-limit.ts";
import { validateCommands } from "./validate.ts";
import { waitOf } from "./wait.ts";

/**
 * Runs the commands of jobs, `_modules/command_*.py`, `.ts` or `.js`, on this machine for their events. The code that
 * runs them is loaded on first use.
 */
export function jobCommands(): Plugin {
  const runtime = once(async () => new (await import("./command-runtime.ts")).CommandRuntime());
  const run = async (context: ScopedJobContext, event: CommandEvent, more: Omit<EventRun, "context" | "event">) => {
    if (!concerns(event)(context.job)) return;
    const { runEvent } = await import("./run-event.ts");
    await runEvent(await runtime(), { context, event, ...more });
  };
  const oneByOne = (event: CommandEvent) => (context: ScopedJobContext) =>
    run(context, event, { allocations: context.allocations, concurrency: 1 });
  const named = (event: CommandEvent) => ({ name: "job-commands", concerns: concerns(event), limitMs });
  const unnamed = { name: "job-commands", limitMs };
  return definePlugin({
    name: "job-commands",
    settings: COMMAND_SETTINGS,
    claims: { commands: CommandsClaim },
    apply(hooks) {
      hooks.validate.tapPromise("job-commands", async (context) => {
        validateCommands(context);
        if (context.jobs.every(({ commands }) => commands.length === 0)) return;
        const { validateNeeds } = await import("./validate-needs.ts");
        validateNeeds(context);
        const { validateApiPort } = await import("./validate-api-port.ts");
        validateApiPort(context);
      });
      hooks.afterBuild.tapPromise(named("post_build"), oneByOne("post_build"));
      hooks.beforeJob.tapPromise(named("pre_deploy"), oneByOne("pre_deploy"));
      hooks.stopped.tapPromise(unnamed, async (context) => {
        const { allocation } = context;
        await run(context, "after_allocation_stopped", {
          allocations: [allocation],
          concurrency: 1,
          env: batchVariables({ index: 0, count: 1, phase: "stop", allocations: [allocation] }, "", ""),
        });
      });
      hooks.orchestrate.tapPromise(named("job_control"), async (context) => {
        if (!concerns("job_control")(context.job)) return undefined;
        const allocations = context.allocations.filter(({ disabled }) => !disabled);
        await run(context, "job_control", {
          allocations,
          concurrency: Math.max(1, allocations.length),
          env: {
            NEW_ALLOCATIONS: context.newAllocations.join(","),
            UPDATED_ALLOCATIONS: context.updatedAllocations.join(","),
          },
        });
        return "done";
      });
      hooks.started.tapPromise(unnamed, async (context) => {
        const { batch, rolloutOrder, rolloutOrderSource } = context;
        await run(context, "after_allocation_started", {
          allocations: batch.allocations,
          concurrency: Math.max(1, batch.allocations.length),
          env: batchVariables(batch, rolloutOrder.join(","), rolloutOrderSource),
        });
      });
      hooks.verify.tapPromise(named("health_check"), async (context) => {
        if (!concerns("health_check")(context.job)) return;
        const { verifyCommands } = await import("./verify.ts");
        await verifyCommands(await runtime(), context);
      });
      hooks.afterJob.tapPromise(named("post_deploy"), oneByOne("post_deploy"));
      hooks.command.tapPromise(unnamed, async (context) => {
        const { allocations, command, concurrency } = context;
        if (!isByHand(context.job, command)) return undefined;
        await run(context, "cli", { allocations, concurrency, only: command });
        return "done";
      });
    },
  });
}

/** Extra time for a tap beyond the timeout of one command, in milliseconds. */
const AROUND_MS = 60_000;

/** How long a job may show no activity: the timeout of one command, or the wait between two health checks. */
function limitMs({ job, settings }: ScopedJobContext): number {
  return Math.max(commandLimitMs(job, settings), waitOf(job).intervalMs) + AROUND_MS;
}

interface BatchOfCommands {
  readonly index: number;
  readonly count: number;
  readonly phase: "new" | "update" | "stop";
  readonly allocations: readonly Allocation[];
}

/** The variables of a batch for its hooks. */
function batchVariables({ index, count, phase, allocations }: BatchOfCommands, order: string, source: string) {
  return {
    BATCH_ALLOCATIONS: allocations.map(({ host }) => host).join(","),
    BATCH_INDEX: String(index),
    BATCH_COUNT: String(count),
    DEPLOY_PHASE: phase,
    ROLLOUT_ORDER: order,
    ROLLOUT_ORDER_SOURCE: source,
  };
}

function isByHand({ commands }: Job, command: string): boolean {
  return commands.some(({ name, executedOn }) => name === command && executedOn.includes("cli"));
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
