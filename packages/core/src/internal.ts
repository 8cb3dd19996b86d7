/**
 * The rest of the engine, for the packages of this repository. Unstable: anything here may change in any version.
 * Plugins use `@maand/core/plugin`; programs that run maand use `@maand/core/embed`.
 */

export { applyPlugins, type Tapped, tapsOf } from "./bucket/apply-plugins.ts";
export type { Bucket } from "./bucket/bucket.ts";
export { type Initialised, initBucket } from "./bucket/init.ts";
export { type OpenedBucket, type OpenOptions, openBucket, openBucketAt } from "./bucket/open.ts";
export { backupStore, restoreStore } from "./bucket/team/backup-store.ts";
export { type Cloned, cloneBucket } from "./bucket/team/clone-bucket.ts";
export { type MovedStore, moveStore, type StoreUser } from "./bucket/team/move-store.ts";
export { type HookRow, hookRows, type TraceRow } from "./bucket/trace/rows.ts";
export { readTrace, type TracedCommand, type TraceSummary, traceText } from "./bucket/trace/trace-file.ts";
export { Tracer } from "./bucket/trace/tracer.ts";
export { unbuiltParts } from "./bucket/unbuilt.ts";
export { type BuildOptions, type Built, build, buildCatalog } from "./build/build.ts";
export type { Contributions } from "./build/contribute.ts";
export { type CommandChoice, loadCommands } from "./config/commands/load-commands.ts";
export { type BucketPaths, bucketPaths, findBucket } from "./config/find-bucket.ts";
export type { Modules } from "./config/import-module.ts";
export { loadConfig } from "./config/load.ts";
export type { Loaded, LoadedPlugin, LoadOptions, Taken } from "./config/loaded.ts";
export { coreVersion } from "./config/package-of.ts";
export { deploy } from "./deploy/deploy.ts";
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
export { isKeyFile, KEY_FILE_HINT, KEY_FILE_PATTERN } from "./domain/checks/key-file.ts";
export { refuses } from "./domain/checks/problem.ts";
export { unbuiltText } from "./domain/checks/unbuilt-text.ts";
export type { FileChange } from "./domain/deploy/changed-files.ts";
export { contentHash, treeDigest } from "./domain/deploy/digest.ts";
export type { FileAccess } from "./domain/deploy/file-access.ts";
export { type FileRule, fileMode } from "./domain/deploy/file-access.ts";
export { matchGlobs } from "./domain/deploy/glob.ts";
export { keepExpression } from "./domain/deploy/keep.ts";
export type {
  Decision,
  LifecycleOptions,
  Occasion,
  PlannedAction,
  Promoted,
  RecordedState,
  Target,
  Unsettled,
} from "./domain/deploy/plan.ts";
export type { RolloutState } from "./domain/deploy/rollout-state.ts";
export {
  type FoundOnWorker,
  type SyncConflict,
  type SyncedPaths,
  syncConflicts,
  syncedPaths,
} from "./domain/deploy/sync-conflicts.ts";
export { NO_VERSION } from "./domain/deploy/version.ts";
export type { FileDifference, FileDrift } from "./domain/drift/compare-files.ts";
export { CHANGE_WORDS } from "./domain/drift/edits.ts";
export { type EnvFile, parseEnvFile } from "./domain/kv/env-file.ts";
export type { KvRow } from "./domain/kv/kv-derived.ts";
export { isSecret, NAMESPACE } from "./domain/kv/kv-names.ts";
export { jobSecret, ownerText, type SecretOwner } from "./domain/kv/secret-names.ts";
export { type FailureLimit, parseFailureLimit } from "./domain/maintenance/failure-limit.ts";
export type { MaintenanceRequest } from "./domain/maintenance/maintenance.ts";
export { COMMAND_EVENTS, type CommandEvent } from "./domain/manifest/command-events.ts";
export { type HeldText, heldTexts } from "./domain/release/held-texts.ts";
export { type Hold, holdText } from "./domain/release/hold.ts";
export type { StepState } from "./domain/rollout/open-rollout.ts";
export { parseDuration } from "./domain/rollout/steps.ts";
export type {
  RefuseSetting,
  SettingEntries,
  SettingEntry,
  SettingsDeclaration,
} from "./domain/settings/plugin-settings.ts";
export { type CertificateTimes, renewalStart } from "./domain/settings/renewal.ts";
export { DEFAULT_SETTINGS } from "./domain/settings/settings.ts";
export type { Catalog } from "./domain/workspace/catalog.ts";
export type { BatchSize, Reservation, RestartPolicy, SeenFile } from "./domain/workspace/job.ts";
export { demandedJobs, reachesWorker } from "./domain/workspace/job.ts";
export { isName, nameRule } from "./domain/workspace/names.ts";
export { plainDecimal } from "./domain/workspace/units.ts";
export { byPosition, compareHosts, type WorkerSpec } from "./domain/workspace/worker.ts";
export type { ErrorParts } from "./errors.ts";
export { ERROR_CODES, maskedError, problemsError } from "./errors.ts";
export type { Emit, EventBase, EventData, EventMap, EventType } from "./events.ts";
export { type Adopted, type AdoptOptions, adopt } from "./jobs/adopt.ts";
export { type ControlResult, controlJob, type JobControl, resolveTarget } from "./jobs/control-job.ts";
export { type DriftOptions, type DriftReport, drift, type JobDrift, type WorkerDrift } from "./jobs/drift.ts";
export { type Collected, gc } from "./jobs/gc.ts";
export { type HealthReport, healthCheck } from "./jobs/health-command.ts";
export { type JobCommandOptions, type JobCommandReport, runJobCommand } from "./jobs/job-command.ts";
export { type MarkedAllocation, markStopped } from "./jobs/mark-stopped.ts";
export { type PendingChange, pendingChanges } from "./jobs/pending-changes.ts";
export { type RefreshSecrets, refreshSecrets } from "./jobs/secrets/refresh-secrets.ts";
export type { SecretEffects } from "./jobs/secrets/secret-effects.ts";
export {
  checkSecretKey,
  removeSecret,
  type SecretChange,
  type SecretsChanged,
  setSecrets,
} from "./jobs/secrets/write-secrets.ts";
export type { MaintenanceReport } from "./maintain/conduct.ts";
export {
  abortMaintenance,
  type MaintenanceOptions,
  type ResumeOptions,
  resumeMaintenance,
  startMaintenance,
} from "./maintain/maintain.ts";
export type { FileDiff, PlanDiffs } from "./plan/diffs/diff-plan.ts";
export { diffReleases, type ReleaseDiff } from "./plan/diffs/diff-releases.ts";
export { fileDiff, type Side, type Unseen } from "./plan/diffs/file-diff.ts";
export { type Hider, hiderFor, showDots } from "./plan/diffs/hide-secrets.ts";
export { type DeployOptions, type Plan, type PlanOptions, planDeploy } from "./plan/plan-deploy.ts";
export { bareTree, isRequired, type PlannedAllocation, type PlannedJob } from "./plan/plan-job.ts";
export { renderTree, rootOf } from "./plan/render-tree.ts";
export type { AbsentPlugin } from "./plugin-api/absent-plugins.ts";
export { commandPaths } from "./plugin-api/commands.ts";
export type { OwnedKeys } from "./plugin-api/define/claim.ts";
export type { PluginWithOptions } from "./plugin-api/define/plugin-with-options.ts";
export { createHooks } from "./plugin-api/hooks.ts";
export type { Provides } from "./plugin-api/plugin.ts";
export { INLINE_NAME } from "./plugin-api/tapping/inline-hooks.ts";
export {
  type DirectoryToDelete,
  deleteDirectory,
  deleteJobFiles,
  mountPoint,
} from "./remote/files/delete-directory.ts";
export { type FileSystemFailure, fileSystemFailure } from "./remote/files/file-system.ts";
export {
  asSyncError,
  type FailedWrite,
  fileSystemError,
  syncDisconnected,
  syncInterrupted,
  syncRefused,
  syncTimedOut,
} from "./remote/files/sync-errors.ts";
export { LINE_LIMIT, LineSplitter } from "./remote/lines.ts";
export { BeginMarker, readToMarker } from "./remote/login/begin-marker.ts";
export { type FailedLogin, loginFailure } from "./remote/login/login-failure.ts";
export { Mask } from "./remote/mask-secrets.ts";
export { lastLines, mustSucceed, OUTPUT_LIMIT, Output } from "./remote/output.ts";
export { type Cutoff, type FollowOptions, followProcess } from "./remote/process/follow-process.ts";
export { type ProcessEnd, type ProcessOptions, type RunningProcess, startProcess } from "./remote/process/process.ts";
export { processStream } from "./remote/process/process-stream.ts";
export { quote, readable, shellLine, titleOf } from "./remote/quote.ts";
export { reveal } from "./remote/secret.ts";
export { Semaphore } from "./remote/semaphore.ts";
export { LARGEST_TEXT, textOf } from "./remote/text.ts";
export { checkVariables, type WrappedCommand, type Wrapping, wrapCommand } from "./remote/wrap-command.ts";
export { onCommandBucket } from "./run/command-bucket.ts";
export { deliveredRoot, storedRoot } from "./run/delivered-root.ts";
export { noHandler } from "./run/no-handler.ts";
export { prepareBucket } from "./run/prepare.ts";
export { beginRun } from "./run/run.ts";
export type { ContextSource } from "./run/scope/contexts.ts";
export { refuseUnknown, selectWorkers, type TypedWorkers, typedWorkers } from "./run/select.ts";
export { deployPlan } from "./saved-plans/deploy-plan.ts";
export { planText, readPlan } from "./saved-plans/file/plan-file.ts";
export type { SavedAllocation, SavedJob, SavedPlan } from "./saved-plans/file/plan-schema.ts";
export { type MadePlan, makePlan } from "./saved-plans/make-plan.ts";
export { planWorkspace, type WorkspacePlan } from "./saved-plans/plan-workspace.ts";
export type { StoredCatalog } from "./store/catalog-rows.ts";
export type { Row } from "./store/database.ts";
export { withFileLock } from "./store/lock/file-lock.ts";
export { openSqlite } from "./store/sqlite.ts";
export { Store } from "./store/store.ts";
export { isBusy, storeBroken } from "./store/store-error.ts";
export { checkFile, isGoStore } from "./store/store-file.ts";
export type { AllocationResult, JobFailure, SummaryRecord } from "./summary.ts";
export { readPlain } from "./trust/plain-text.ts";
export { userName } from "./workspace/authorship.ts";
export { RUNTIME_NAMES } from "./workspace/job-files.ts";
export { SCHEMA_NAMES, type SchemaName, schemaFile } from "./workspace/schema-places.ts";
export { createFile, makeDirectories, makePrivateDirectory } from "./workspace/write-files.ts";
