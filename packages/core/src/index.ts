export { applyPlugins, type Tapped, tapsOf } from "./bucket/apply-plugins.ts";
export type { Bucket } from "./bucket/bucket.ts";
export { type Initialised, initBucket } from "./bucket/init.ts";
export { type OpenedBucket, type OpenOptions, openBucket } from "./bucket/open.ts";
export { unbuiltParts } from "./bucket/unbuilt.ts";
export { type BuildOptions, type Built, build } from "./build/build.ts";
export { type Config, defineConfig, type PluginEntry } from "./config/config.ts";
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
export type { Finding } from "./domain/checks/finding.ts";
export { isKeyFile, KEY_FILE_HINT } from "./domain/checks/key-file.ts";
export { error, type Problem, type Report, refuses, warning } from "./domain/checks/problem.ts";
export { unbuiltText } from "./domain/checks/unbuilt-text.ts";
export type { DeployCause, DeployReason } from "./domain/deploy/deploy-reason.ts";
export { contentHash } from "./domain/deploy/digest.ts";
export { type FileAccess, type FileRule, fileMode } from "./domain/deploy/file-access.ts";
export { keepExpression } from "./domain/deploy/keep.ts";
export type {
  Decision,
  FileChange,
  LifecycleOptions,
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
export { isSecret, NAMESPACE } from "./domain/kv/kv-names.ts";
export { COMMAND_EVENTS, type CommandEvent } from "./domain/manifest/command-events.ts";
export { type HeldText, heldTexts } from "./domain/release/held-texts.ts";
export { type Hold, holdText } from "./domain/release/hold.ts";
export {
  defineSettings,
  type PluginSettings,
  type RefuseSetting,
  type SettingEntries,
  type SettingEntry,
  type SettingsDeclaration,
  setting,
  type WrittenKeys,
} from "./domain/settings/plugin-settings.ts";
export { type CertificateTimes, renewalStart } from "./domain/settings/renewal.ts";
export { DEFAULT_SETTINGS, type Settings } from "./domain/settings/settings.ts";
export type * from "./domain/settings/settings-written.ts";
export type { Catalog } from "./domain/workspace/catalog.ts";
export type * from "./domain/workspace/job.ts";
export { demandedJobs, reachesWorker } from "./domain/workspace/job.ts";
export { didYouMean, isName, nameRule } from "./domain/workspace/names.ts";
export { plainDecimal } from "./domain/workspace/units.ts";
export { byPosition, compareHosts, type Worker, type WorkerSpec } from "./domain/workspace/worker.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorParts,
  isMaandError,
  MaandError,
  maskedError,
  problemsError,
} from "./errors.ts";
export type { Emit, EventBase, EventData, EventMap, EventType, MaandEvent } from "./events.ts";
export { type ControlResult, controlJob, type JobControl, resolveTarget } from "./jobs/control-job.ts";
export { type Collected, gc } from "./jobs/gc.ts";
export { type HealthReport, healthCheck } from "./jobs/health-command.ts";
export { type JobCommandOptions, type JobCommandReport, runJobCommand } from "./jobs/job-command.ts";
export type { FileDiff, PlanDiffs } from "./plan/diff-plan.ts";
export { diffReleases, type ReleaseDiff } from "./plan/diff-releases.ts";
export { type DeployOptions, type Plan, type PlanOptions, planDeploy } from "./plan/plan-deploy.ts";
export { isRequired, type PlannedAllocation, type PlannedJob } from "./plan/plan-job.ts";
export type { AbsentPlugin } from "./plugin-api/absent-plugins.ts";
export type * from "./plugin-api/base-contexts.ts";
export type * from "./plugin-api/claim.ts";
export { commandClasses, commandPaths } from "./plugin-api/commands.ts";
export type * from "./plugin-api/contexts.ts";
export type { ExamineContext } from "./plugin-api/examine-context.ts";
export {
  createHooks,
  type Done,
  type HookName,
  type Hooks,
  type TapFunction,
  type TapInterest,
} from "./plugin-api/hooks.ts";
export { type JsonSchema, jsonSchemaOf } from "./plugin-api/json-schema-of.ts";
export type * from "./plugin-api/kv.ts";
export {
  definePlugin,
  type LazyCommands,
  type Plugin,
  type Provides,
  type Table,
  type TableContext,
  type TableRow,
} from "./plugin-api/plugin.ts";
export { type PluginList, pluginList } from "./plugin-api/plugin-list.ts";
export { type PluginMaker, type PluginWithOptions, pluginWithOptions } from "./plugin-api/plugin-with-options.ts";
export type * from "./plugin-api/scope.ts";
export { INLINE_NAME, type InlineHooks, type InlineTap } from "./plugin-api/tapping/inline-hooks.ts";
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
export { lastLines, mustSucceed, OUTPUT_LIMIT, Output } from "./remote/output.ts";
export { type Cutoff, type FollowOptions, followProcess } from "./remote/process/follow-process.ts";
export { type ProcessEnd, type ProcessOptions, type RunningProcess, startProcess } from "./remote/process/process.ts";
export { processStream } from "./remote/process/process-stream.ts";
export { type ProgramRemoteParts, programRemote } from "./remote/process/program-remote.ts";
export { loginShellLine, quote, readable, shellLine, titleOf } from "./remote/quote.ts";
export type {
  Argv,
  ExecOptions,
  ExecResult,
  OutputStream,
  Remote,
  RemoteStream,
  StreamOptions,
} from "./remote/remote.ts";
export { reveal, Secret, secret } from "./remote/secret.ts";
export { timeLimit } from "./remote/time-limit.ts";
export { type WrappedCommand, type Wrapping, wrapCommand } from "./remote/wrap-command.ts";
export { prepareBucket } from "./run/prepare.ts";
export { refuseUnknown, selectWorkers } from "./run/select.ts";
export type { StoredCatalog } from "./store/catalog-rows.ts";
export { withFileLock } from "./store/lock/file-lock.ts";
export { Store } from "./store/store.ts";
export {
  type AllocationResult,
  type JobFailure,
  type Outcome,
  type Summary,
  type SummaryRecord,
  summaryRecord,
} from "./summary.ts";
export { SCHEMA_NAMES, type SchemaName, schemaFile } from "./workspace/schema-places.ts";
export { createFile, makeDirectories } from "./workspace/write-files.ts";
