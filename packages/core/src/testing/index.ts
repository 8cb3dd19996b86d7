/** The testing kit for plugin authors: call a hook with a fake worker, and compare the results. */

export { createHooks } from "../plugin-api/hooks.ts";
export { aBucket, type TestBucket, type TestBucketOptions } from "./a-bucket.ts";
export {
  allocationContext,
  reconcileContext,
  renderContext,
  rolloutContext,
  runOnceContext,
  stoppedContext,
  targetContext,
} from "./allocation-contexts.ts";
export { type Answer, callHook } from "./call-hook.ts";
export { contributeContext, type SyncedKv } from "./contribute-context.ts";
export { anEvent, type Given, sampleOf } from "./every-hook.ts";
export { type FakeAllocation, type FakeFleet, fakeFleet } from "./fake-fleet.ts";
export { type FakeKv, fakeKv } from "./fake-kv.ts";
export {
  type FakeAnswer,
  type FakeAnswers,
  type FakeCall,
  type FakeRemote,
  type FakeRemoteOptions,
  fakeRemote,
} from "./fake-remote.ts";
export { fakeScope } from "./fake-scope.ts";
export {
  batchContext,
  beginContext,
  commandContext,
  commitBuildContext,
  commitContext,
  initContext,
  jobContext,
  orchestrateContext,
  permitContext,
  scopedJobContext,
  validateContext,
  verifyContext,
} from "./job-contexts.ts";
export { type EventRecord, recordEvents } from "./record-events.ts";
export { examineContext, type OutputLine, type Recording, resolveSecretsContext, runContext } from "./run-context.ts";
export { aFile, aJob, anAllocation, aWorker, someSettings } from "./samples.ts";
export {
  checkTransport,
  type TestRunner,
  type TransportResult,
  testTransport,
} from "./transport/check-transport.ts";
export { type SlowReaders, slowReaders } from "./transport/slow-readers.ts";
export { transportTable } from "./transport/transport-table.ts";
export type { OpenedTransport, TransportUnderTest } from "./transport/under-test.ts";
export {
  connectContext,
  inspectContext,
  inventoryContext,
  preflightContext,
  stageContext,
  workerCommandContext,
} from "./worker-contexts.ts";

import { orchestrateContext, permitContext } from "./job-contexts.ts";

/** @deprecated Renamed to `permitContext`. */
export const waveContext = permitContext;

/** @deprecated Renamed to `orchestrateContext`. */
export const controlContext = orchestrateContext;
