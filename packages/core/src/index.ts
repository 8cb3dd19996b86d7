export type { Taken } from "./config/check-plugins.ts";
export { type Config, defineConfig, type PluginEntry } from "./config/config.ts";
export { type BucketPaths, bucketPaths, findBucket } from "./config/find-bucket.ts";
export type { Modules } from "./config/import-module.ts";
export { type Loaded, type LoadedPlugin, type LoadOptions, loadConfig } from "./config/load.ts";
export { coreVersion } from "./config/package-of.ts";
export { DEFAULT_SETTINGS, type Settings } from "./config/settings.ts";
export type * from "./contexts.ts";
export type { Catalog } from "./domain/catalog.ts";
export { COMMAND_EVENTS, type CommandEvent } from "./domain/command-events.ts";
export { contentHash } from "./domain/digest.ts";
export type { Finding } from "./domain/finding.ts";
export type * from "./domain/job.ts";
export { demandedJobs, fileMode, reachesWorker } from "./domain/job.ts";
export { keepExpression } from "./domain/keep.ts";
export { isSecret, NAMESPACE } from "./domain/kv-names.ts";
export { didYouMean, isName, nameRule } from "./domain/names.ts";
export type {
  Decision,
  FileChange,
  PlannedAction,
  Promoted,
  Remembered,
  Target,
  Unsettled,
  Wish,
} from "./domain/plan.ts";
export { error, type Problem, type Report, refuses, warning } from "./domain/problem.ts";
export type { RolloutState } from "./domain/rollout-state.ts";
export { plainDecimal } from "./domain/units.ts";
export { byPosition, compareHosts, type Worker, type WorkerSpec } from "./domain/worker.ts";
export { writeEditorFiles } from "./editor/editor-files.ts";
export { jsonSchema } from "./editor/json-schema.ts";
export { type JsonSchema, jsonSchemaOf } from "./editor/json-schema-of.ts";
export { applyPlugins, type Tapped, tapsOf } from "./engine/apply-plugins.ts";
export { type BuildWish, type Built, build } from "./engine/build.ts";
export { type ControlResult, controlJob, type JobControl, resolveTarget } from "./engine/control-job.ts";
export { deploy } from "./engine/deploy.ts";
export type { FileDiff, PlanDiffs } from "./engine/diff-plan.ts";
export { examine, examineBucket } from "./engine/doctor.ts";
export { type Collected, gc } from "./engine/gc.ts";
export { type HealthReport, healthCheck } from "./engine/health-command.ts";
export { type Initialised, initBucket } from "./engine/init.ts";
export { type Deployment, deployments } from "./engine/inspect.ts";
export {
  type CertificateClock,
  type CertificateStatus,
  type CertificateView,
  certificates,
} from "./engine/inspect-certs.ts";
export { type KvView, kvEntries, kvEntry } from "./engine/inspect-kv.ts";
export { type JobCommandReport, type JobCommandWish, runJobCommand } from "./engine/job-command.ts";
export type { Maand } from "./engine/maand.ts";
export { type OpenedMaand, type OpenOptions, openMaand } from "./engine/open.ts";
export { type DeployWish, type Plan, type PlanWish, planDeploy } from "./engine/plan-deploy.ts";
export { isRequired, type PlannedAllocation, type PlannedJob } from "./engine/plan-job.ts";
export { prepareBucket } from "./engine/prepare.ts";
export { runCommand, type ScriptWish } from "./engine/run-command.ts";
export type { ScriptResult } from "./engine/run-script.ts";
export { refuseUnknown, selectWorkers } from "./engine/select.ts";
export { type FactsWish, type WorkerFacts, workerFacts } from "./engine/worker-facts.ts";
export { type TrustReport, workerKeys } from "./engine/worker-keys.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorParts,
  isMaandError,
  MaandError,
  maskedError,
  problemsError,
} from "./errors.ts";
export type { Emit, EventBase, EventMap, EventType, MaandEvent, Told } from "./events.ts";
export type { ExamineContext } from "./examine-context.ts";
export { createHooks, type Done, type HookName, type Hooks, type TapFunction, type TapInterest } from "./hooks.ts";
export { INLINE_NAME, type InlineHooks, type InlineTap } from "./inline-hooks.ts";
export { type Claim, definePlugin, type Plugin, type Table, type TableContext, type TableRow } from "./plugin.ts";
export { type PluginList, pluginList } from "./plugin-list.ts";
export { type PluginMaker, type PluginWithOptions, pluginWithOptions } from "./plugin-with-options.ts";
export type { HostKey } from "./remote/host-key.ts";
export { LINE_LIMIT, LineSplitter } from "./remote/lines.ts";
export { lastLines, mustSucceed, OUTPUT_LIMIT, Output } from "./remote/output.ts";
export { PidLine } from "./remote/pid-line.ts";
export { type ProgramRemoteParts, programRemote } from "./remote/program-remote.ts";
export { quote, readable, shellLine } from "./remote/quote.ts";
export type { Argv, ExecOptions, ExecResult, OutputStream, Remote, RemoteStream } from "./remote/remote.ts";
export { reveal, Secret, secret } from "./remote/secret.ts";
export { timeLimit } from "./remote/time-limit.ts";
export { type WrappedCommand, type Wrapping, wrapCommand } from "./remote/wrap-command.ts";
export type * from "./scope.ts";
export type { StoredCatalog } from "./store/catalog-rows.ts";
export { Store } from "./store/store.ts";
export {
  type AllocationResult,
  type JobFailure,
  type Outcome,
  type Summary,
  type SummaryRecord,
  summaryRecord,
} from "./summary.ts";
export { type AddedCommand, type CommandWish, createCommand } from "./workspace/add-command.ts";
export { createJob } from "./workspace/scaffold.ts";
export { SCHEMA_NAMES, type SchemaName, schemaFile } from "./workspace/schema-places.ts";
