/**
 * The rest of the engine, for the packages of this repository. Unstable: anything here may change in any version.
 * Plugins use `@maand/core/plugin`; programs that run maand use `@maand/core/embed`.
 */

export { applyPlugins, type Tapped, tapsOf } from "./bucket/apply-plugins.ts";
export { type Bucket, runReporter } from "./bucket/bucket.ts";
export { type Initialised, initBucket } from "./bucket/init.ts";
export { type OpenedBucket, type OpenOptions, openBucket, openBucketAt } from "./bucket/open.ts";
export { backupStore, restoreStore } from "./bucket/team/backup-store.ts";
export { type Cloned, cloneBucket } from "./bucket/team/clone-bucket.ts";
export { type MovedStore, moveStore, type StoreUser } from "./bucket/team/move-store.ts";
export { type TracedCall, Tracer } from "./bucket/trace/tracer.ts";
export { unbuiltParts } from "./bucket/unbuilt.ts";
export { type BuildOptions, type Built, build, buildCatalog } from "./build/build.ts";
export type { Contributions } from "./build/contribute.ts";
export { readReferences } from "./build/secrets/read-references.ts";
export { storeRead } from "./build/secrets/referenced-secrets.ts";
export { type BucketPaths, bucketPaths, findBucket } from "./config/find-bucket.ts";
export type { Modules } from "./config/import-module.ts";
export { importFault, missingHint } from "./config/import-module.ts";
export { loadConfig } from "./config/load.ts";
export type { Loaded, LoadedPlugin, LoadOptions, Taken } from "./config/loaded.ts";
export { coreVersion } from "./config/package-of.ts";
export { placeText } from "./config/thrown-at.ts";
export { deploy, deployWith } from "./deploy/deploy.ts";
export type { RollbackTarget } from "./deploy/release/choose-releases.ts";
export {
  deployRelease,
  planRelease,
  planRollback,
  type ReleaseOptions,
  rollback,
} from "./deploy/release/rollback.ts";
export { abortRollout, resumeRollout } from "./deploy/release/rollout-control.ts";
export { keepContents } from "./deploy/rollout/promote.ts";
export { isRecord } from "./domain/checks/validate.ts";
export { changedFiles } from "./domain/deploy/changed-files.ts";
export type { KvEntries } from "./domain/kv/entries.ts";
export type { KvEntry } from "./domain/kv/kv-derived.ts";
export {
  isSecretKey,
  ownerOfNamespace,
  SECRET_KEY_RULE,
  type SecretName,
  secretValueProblem,
} from "./domain/kv/secret-names.ts";
export { parseReference, type SecretReference } from "./domain/kv/secret-reference.ts";
export { namedRelease } from "./domain/release/choose-release.ts";
export { errorText } from "./errors.ts";
export { type AdoptedWorker, adoptBucket } from "./jobs/adopt-bucket.ts";
export { type ControlResult, controlJob, type JobControl, resolveTarget } from "./jobs/control-job.ts";
export { type Collected, gc, type PlannedCollection, planGc } from "./jobs/gc.ts";
export { type HealthReport, healthCheck } from "./jobs/health-command.ts";
export { type JobCommandOptions, type JobCommandReport, runJobCommand } from "./jobs/job-command.ts";
export { type MarkedAllocation, markStopped } from "./jobs/mark-stopped.ts";
export type { FileDiff, PlanDiffs } from "./plan/diffs/diff-plan.ts";
export { fileDiff, type Side, type Unseen } from "./plan/diffs/file-diff.ts";
export { type Hider, hiderFor, showDots } from "./plan/diffs/hide-secrets.ts";
export type { DryRunState } from "./plan/dry-run.ts";
export { type ExpectedStops, expectedStops, targetedAllocations } from "./plan/expected-stops.ts";
export type { PlanApproval } from "./plan/plan-approval.ts";
export { type DeployOptions, type Plan, type PlanOptions, planDeploy } from "./plan/plan-deploy.ts";
export {
  bareTree,
  isRequired,
  type Pending,
  type PlannedAllocation,
  type PlannedJob,
  pendingOf,
} from "./plan/plan-job.ts";
export { planWave } from "./plan/plan-wave.ts";
export { renderTree, rootOf } from "./plan/render-tree.ts";
export { type StoppingAllocation, stopping } from "./plan/stopping.ts";
export { type Wave, wavesOf } from "./plan/waves.ts";
export type { AbsentPlugin } from "./plugin-api/absent-plugins.ts";
export { commandPaths, isLazy, pathsOf } from "./plugin-api/commands.ts";
export type { OwnedKeys } from "./plugin-api/define/claim.ts";
export type { PluginWithOptions } from "./plugin-api/define/plugin-with-options.ts";
export { createHooks } from "./plugin-api/hooks.ts";
export type { Provides } from "./plugin-api/plugin.ts";
export { INLINE_NAME } from "./plugin-api/tapping/inline-hooks.ts";
export { isTapped } from "./plugin-api/tapping/tap-by-name.ts";
export { type Program, type ProgramResult, runProgram } from "./remote/process/run-program.ts";
export { openCommandRun } from "./run/command-run.ts";
export { deliveredRoot, storedRoot } from "./run/delivered-root.ts";
export { recordCommand } from "./run/fence/record-command.ts";
export { Ledger } from "./run/ledger.ts";
export { noHandler } from "./run/no-handler.ts";
export { prepareBucket } from "./run/prepare.ts";
export { beginRun, knownOf } from "./run/run.ts";
export type { ContextSource } from "./run/scope/contexts.ts";
export { refuseUnknown, selectWorkers, type TypedWorkers, typedWorkers } from "./run/select.ts";
export type { StoredCatalog } from "./store/catalog-rows.ts";
export type { Row } from "./store/database.ts";
export { Kv, type KvStore, type SyncedEntries } from "./store/kv/kv.ts";
export { KvOverlay } from "./store/kv/kv-overlay.ts";
export { withFileLock } from "./store/lock/with-file-lock.ts";
export { openSqlite } from "./store/sqlite.ts";
export { Store } from "./store/store.ts";
export { isBusy, storeBroken } from "./store/store-error.ts";
export { checkFile, isGoStore } from "./store/store-file.ts";
export type { JobState } from "./store/views/job-state-rows.ts";
export * from "./toolbox.ts";
export { authorshipOf } from "./workspace/authorship.ts";
export { RUNTIME_NAMES } from "./workspace/job-files.ts";
export { SCHEMA_NAMES, type SchemaName, schemaFile } from "./workspace/schema-places.ts";
export { createFile, makeDirectories, makePrivateDirectory } from "./workspace/write-files.ts";
