/**
 * Everything for writing a plugin: its definition, options, settings and claims, its errors and problems, commands on
 * workers, and the types of hooks and contexts. Stable, as defined in docs/plugins/stability.md.
 */
export type { Finding } from "./domain/checks/finding.ts";
export { error, type Problem, type Report, warning } from "./domain/checks/problem.ts";
export {
  defineSettings,
  type PluginSettings,
  setting,
  type WrittenKeys,
} from "./domain/settings/plugin-settings.ts";
export type { Settings } from "./domain/settings/settings.ts";
export type { Allocation, Job, JobCommand, JobFile } from "./domain/workspace/job.ts";
export { didYouMean } from "./domain/workspace/names.ts";
export type { Worker } from "./domain/workspace/worker.ts";
export { type ErrorCode, isMaandError, MaandError, type PluginErrorCode } from "./errors.ts";
export type { MaandEvent } from "./events.ts";
export type * from "./plugin-api/action-step.ts";
export type * from "./plugin-api/base-contexts.ts";
export type { CommandBucket } from "./plugin-api/command-bucket.ts";
export type { ExamineContext } from "./plugin-api/contexts/examine-context.ts";
export type * from "./plugin-api/contexts/inspect-context.ts";
export type { FoundFile, Inventory, InventoryContext } from "./plugin-api/contexts/inventory-context.ts";
export type * from "./plugin-api/contexts/permit-context.ts";
export type * from "./plugin-api/contexts/recorded-context.ts";
export type * from "./plugin-api/contexts/secrets-context.ts";
export type { WorkerCommandContext } from "./plugin-api/contexts/worker-command-context.ts";
export type * from "./plugin-api/contexts.ts";
export { type Claim, defineClaim, type FileSchema, type TypedClaim } from "./plugin-api/define/claim.ts";
export { type Lifecycle, type LifecycleContext, type LifecycleStep, lifecycle } from "./plugin-api/define/lifecycle.ts";
export { type PluginMaker, pluginWithOptions } from "./plugin-api/define/plugin-with-options.ts";
export type { Done, HookName, Hooks, TapFunction, TapInterest, TapLimit, TapSharing } from "./plugin-api/hooks.ts";
export { type JsonSchema, jsonSchemaOf } from "./plugin-api/json-schema-of.ts";
export type * from "./plugin-api/kv.ts";
export type { PluginState, StateEntries, StateValues } from "./plugin-api/life/plugin-state.ts";
export type { PluginErrorOptions, PluginTools } from "./plugin-api/life/plugin-tools.ts";
export { type Preset, type PresetMaker, presetWithOptions } from "./plugin-api/life/presets.ts";
export { defineService, type ProvidedService, type Service } from "./plugin-api/life/services.ts";
export {
  definePlugin,
  type LazyCommands,
  type Plugin,
  type PluginDeclaration,
  type Table,
  type TableContext,
  type TableRow,
} from "./plugin-api/plugin.ts";
export type * from "./plugin-api/scope.ts";
export type { BackPressure } from "./remote/back-pressure.ts";
export { type ProgramEnd, type ProgramRemoteParts, programRemote } from "./remote/process/program-remote.ts";
export { loginShellLine } from "./remote/quote.ts";
export type {
  Argv,
  ExecOptions,
  ExecResult,
  OutputStream,
  Remote,
  RemoteStream,
  StreamOptions,
} from "./remote/remote.ts";
export { Secret, secret } from "./remote/secret.ts";
export { timeLimit } from "./remote/time-limit.ts";
export { type Outcome, type Refusal, type Summary, summaryRecord } from "./summary.ts";
