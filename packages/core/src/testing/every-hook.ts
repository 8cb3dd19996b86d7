import type { EventBase, EventMap, EventType, MaandEvent } from "../events.ts";
import type { HookName, TapFunction } from "../plugin-api/hooks.ts";
import {
  reconcileContext,
  renderContext,
  rolloutContext,
  runOnceContext,
  stoppedContext,
  targetContext,
} from "./allocation-contexts.ts";
import { contributeContext } from "./contribute-context.ts";
import {
  batchContext,
  beginContext,
  commandContext,
  commitBuildContext,
  commitContext,
  initContext,
  orchestrateContext,
  permitContext,
  scopedJobContext,
  validateContext,
  verifyContext,
} from "./job-contexts.ts";
import { examineContext, resolveSecretsContext } from "./run-context.ts";
import {
  connectContext,
  inspectContext,
  inventoryContext,
  preflightContext,
  stageContext,
  workerCommandContext,
} from "./worker-contexts.ts";

/** The arguments of a tap. */
export type Given<Name extends HookName> = Parameters<TapFunction<Name>>;

const SAMPLES: { readonly [Name in HookName]: () => Given<Name> } = {
  init: () => [initContext()],
  resolveSecrets: () => [resolveSecretsContext()],
  validate: () => [validateContext()],
  contribute: () => [contributeContext()],
  afterBuild: () => [scopedJobContext()],
  commitBuild: () => [commitBuildContext()],
  begin: () => [beginContext()],
  connect: () => [connectContext()],
  login: () => [connectContext()],
  locate: () => [connectContext()],
  preflight: () => [preflightContext()],
  runOnWorker: () => [workerCommandContext()],
  beforeJob: () => [scopedJobContext()],
  permit: () => [permitContext()],
  render: () => [{ files: [] }, renderContext()],
  templateFunctions: () => [{}, () => renderContext()],
  reconcile: () => [reconcileContext()],
  stopped: () => [stoppedContext()],
  stage: () => [stageContext()],
  orchestrate: () => [orchestrateContext()],
  rollout: () => [rolloutContext()],
  runOnce: () => [runOnceContext()],
  started: () => [batchContext()],
  promote: () => [batchContext()],
  verify: () => [verifyContext()],
  afterJob: () => [scopedJobContext()],
  commit: () => [commitContext()],
  target: () => [targetContext()],
  command: () => [commandContext()],
  examine: () => [examineContext()],
  identify: () => [connectContext()],
  inventory: () => [inventoryContext()],
  inspect: () => [inspectContext()],
  event: () => [anEvent("job.skipped", { job: "api", reason: "nothing changed" })],
};

/** Sample arguments for a tap of any hook, made by the context builder of the hook. */
export function sampleOf<Name extends HookName>(name: Name): Given<Name> {
  return SAMPLES[name]();
}

/** The first event of a run `run`, in 1970. */
export function anEvent<T extends EventType>(
  type: T,
  fields: EventMap[T],
  base?: Partial<EventBase>,
): Extract<MaandEvent, { type: T }>;
export function anEvent(type: EventType, fields: object, base: Partial<EventBase> = {}): object {
  return { seq: 1, at: "1970-01-01T00:00:00.000Z", run: "run", ...base, type, ...fields };
}
