/**
 * Additional exports for operator tools: runs with their connections, the lock and the journal, the checks of the store
 * and the workers, and the definitions behind the files of a workspace. These exports change with the engine. A plugin
 * that only taps hooks needs only `@maand/core`.
 */
export { type Bucket, type RunReporter, runReporter } from "./bucket/bucket.ts";
export { asMaandError, outcomeOf } from "./bucket/error-outcome.ts";
export { stopIfInterrupted, unlessInterrupted } from "./bucket/interruption.ts";
export { registerSecrets } from "./bucket/register-secrets.ts";
export { runToEnd, withEnd } from "./bucket/run-to-end.ts";
export { workspaceProblems } from "./build/build.ts";
export { kvKeyOf } from "./config/store/kv-key-command.ts";
export { storePlace } from "./config/store/store-place.ts";
export type { DowntimeUnit } from "./domain/budget/downtime.ts";
export { fault, faultOf, sound } from "./domain/checks/finding.ts";
export { isRecord } from "./domain/checks/validate.ts";
export { inBatches } from "./domain/deploy/batches.ts";
export type { ExpectedFile } from "./domain/drift/compare-files.ts";
export { driftText } from "./domain/drift/edits.ts";
export { CERTS } from "./domain/kv/kv-names.ts";
export { isCommandEvent } from "./domain/manifest/command-events.ts";
export { manifestFile } from "./domain/manifest/manifest.ts";
export { MANIFEST_ALIASES, MANIFEST_KEYS, ManifestSchema } from "./domain/manifest/manifest-schema.ts";
export { settingsSchema } from "./domain/settings/settings-schema.ts";
export { DisabledSchema } from "./domain/workspace/disabled.ts";
export { canonicalHost } from "./domain/workspace/host-address.ts";
export { resolveWorkers, WORKERS_FILE, WorkersSchema } from "./domain/workspace/workers.ts";
export { runTargetOnce } from "./jobs/control-job.ts";
export { probeHealth, unhealthyReason } from "./jobs/health-command.ts";
export { confirmDifference, differences, type SyncSource } from "./jobs/sync-check.ts";
export { startOnWorker } from "./on-worker/start-on-worker.ts";
export {
  budgetedJobsOn,
  checkRemaining,
  type RunningAllocation,
  runningOn,
  stopOnWorker,
} from "./on-worker/stop-on-worker.ts";
export type { StartOptions, StoppedAllocation } from "./on-worker/stopped-allocation.ts";
export { hiderFor } from "./plan/diffs/hide-secrets.ts";
export { driftDiffs } from "./plan/drift/drift-diffs.ts";
export { ExpectedFiles, type ExpectedOnWorker, type NotCompared } from "./plan/drift/expected-files.ts";
export { type AllocationDrift, type InspectedWorker, inspection, inspectWorker } from "./plan/drift/inspect-worker.ts";
export { planDeploy } from "./plan/plan-deploy.ts";
export type { ActionStep } from "./plugin-api/action-step.ts";

export {
  beginChange,
  type DowntimeAnswer,
  type DowntimeRequest,
  type RefusedUnit,
  reportRefused,
  requestDowntime,
  settle,
} from "./run/budget/arbiter.ts";
export { type NextBatch, nextBatch, type RefusedMember, restOfBatches } from "./run/budget/next-batch.ts";

export { CommandOutput } from "./run/command-output.ts";
export { type CommandRun, openCommandRun } from "./run/command-run.ts";
export { Connections, missingTools } from "./run/connections.ts";
export { atDelivery } from "./run/delivered-root.ts";
export { FOREIGN_HINT } from "./run/fence/fence-guard.ts";
export { Ledger } from "./run/ledger.ts";
export { beginRun, knownOf, lockBucket, type Run, recordedStateOf, workerOf } from "./run/run.ts";
export { lifecycleContext } from "./run/scope/contexts.ts";
export { selectAllocations } from "./run/select.ts";
export { leftBehind } from "./run/temporary.ts";
export { reach } from "./run/wait-until-reachable.ts";
export type { Outcome } from "./run-result.ts";
export type { StoredCatalog } from "./store/catalog-rows.ts";
export { type StoreState, storeState } from "./store/integrity.ts";
export type { KvKey } from "./store/kv/kv-key.ts";
export { lockHolder } from "./store/lock/bucket-lock.ts";
export type { Holder } from "./store/lock/holder.ts";
export { heldBy } from "./store/lock/holder-text.ts";
export type { StoredMaintenance } from "./store/maintenance/maintenance-rows.ts";
export { type PendingMigration, pendingMigrations } from "./store/migrations.ts";
export type { ListedFile } from "./store/promoted-rows.ts";
export { bucketOfCopy } from "./store/team/move.ts";
export { parseJson } from "./workspace/json.ts";
export { MANIFEST_SCHEMA_LINK } from "./workspace/schema-places.ts";
export { readWorkersFile, type WorkersFile, writeWorkersFile } from "./workspace/workers-file.ts";
export { replaceFile } from "./workspace/write-files.ts";
