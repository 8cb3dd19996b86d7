import type { Job } from "../../domain/workspace/job.ts";
import type { ActionContext, TargetContext } from "../contexts.ts";
import type { Done, Hooks } from "../hooks.ts";

/** The argument of a lifecycle step: one allocation of a job, on its connected worker. */
export type LifecycleContext = Omit<TargetContext, "target">;

/** One step. It does the work, and throws if the work fails. It is awaited, and its return value is ignored. */
export type LifecycleStep = (context: LifecycleContext) => unknown;

/**
 * How jobs are started and stopped. A target without its own step is passed to `other` or, without `other`, to the next
 * plugin.
 */
export interface Lifecycle {
  /** The plugin's name. It is also the name of the taps, which other plugins use for ordering. */
  readonly name: string;
  /** The plugin to run before, such as `make`. */
  readonly before?: string;
  /** Whether it runs a job; default: it runs all jobs. Other jobs are passed to the next plugin. */
  readonly concerns?: (job: Job) => boolean;
  readonly start?: LifecycleStep;
  /** Also called for disabled and removed jobs. The plugin that copied the files of a removed job deletes them. */
  readonly stop?: LifecycleStep;
  /** Default: `other` if it is set, otherwise `stop`, then `start`. */
  readonly restart?: LifecycleStep;
  /** Default: the same as `restart`. */
  readonly reload?: LifecycleStep;
  /** For `maand job status`. */
  readonly status?: LifecycleStep;
  /** Any other target of `maand job`, and any target without its own step. */
  other?(context: LifecycleContext, target: string): unknown;
}

/**
 * An `apply` that runs jobs in deploys (`rollout`), stops what is disabled or removed (`reconcile`), and handles `maand
 * job` (`target`): `definePlugin({ name, apply: lifecycle({ name, concerns, start, stop }) })`.
 */
export function lifecycle(given: Lifecycle): (hooks: Pick<Hooks, "rollout" | "reconcile" | "target">) => void {
  const { name, before, concerns = () => true } = given;
  const order = before === undefined ? { name } : { name, before };
  const run = async (context: LifecycleContext, target: string): Promise<Done | undefined> => {
    const step = concerns(context.job) ? stepFor(given, target) : undefined;
    if (!step) return undefined;
    await step(context);
    return "done";
  };
  // the process is not affected by the deletion of files
  const act = async (context: ActionContext) =>
    context.action.kind === "remove" ? undefined : run(context, context.action.kind);
  return ({ rollout, reconcile, target }) => {
    rollout.tapPromise(order, act);
    reconcile.tapPromise(order, act);
    target.tapPromise(order, (context) => run(context, context.target));
  };
}

function stepFor(given: Lifecycle, target: string): LifecycleStep | undefined {
  const { start, stop, status, other } = given;
  const rest: LifecycleStep | undefined = other && ((context) => other(context, target));
  const both: LifecycleStep | undefined =
    start && stop
      ? async (context) => {
          await stop(context);
          await start(context);
        }
      : undefined;
  const restart = given.restart ?? rest ?? both;
  const steps: Readonly<Record<string, LifecycleStep | undefined>> = {
    start,
    stop,
    restart,
    reload: given.reload ?? (given.restart ? restart : (rest ?? restart)),
    status,
  };
  return (Object.hasOwn(steps, target) ? steps[target] : undefined) ?? rest;
}
