/**
 * Small tools that the packages of this repository share: names, file access, hashes, output and its limits, errors of
 * syncs. It loads no part of the engine. Stock plugins that every command loads therefore import from here. Unstable,
 * like `@maand/core/internal`, which also exports all of it.
 */
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
export type { KvRow } from "./domain/kv/kv-derived.ts";
export { isSecret, NAMESPACE } from "./domain/kv/kv-names.ts";
export { jobSecret, ownerText, type SecretOwner } from "./domain/kv/secret-names.ts";
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
export { plainDecimal } from "./domain/workspace/resource-units.ts";
export { byPosition, compareHosts, type WorkerSpec } from "./domain/workspace/worker.ts";
export type { ErrorParts } from "./errors.ts";
export { ERROR_CODES, maskedError, problemsError } from "./errors.ts";
export type { Emit, EventBase, EventData, EventMap, EventType } from "./events.ts";
export { type EventReader, eventTexts, type OutputEvent, type PrintedLines } from "./printed-lines.ts";
export { PacedReading } from "./remote/back-pressure.ts";
export { fencedCommand, probeFenced, refusedBy } from "./remote/fence/fenced-command.ts";
export { fenceOf, setFence, type WorkerFence } from "./remote/fence/worker-fence.ts";
export { type RecordReader, recordReaderOf, setRecordReader, type WorkerRecord } from "./remote/fence/worker-record.ts";
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
export type { AllocationResult, JobFailure, SummaryRecord } from "./run-result.ts";
export { type KeyCommand, runKeyCommand } from "./trust/key-command.ts";
export { readPlain } from "./trust/plain-text.ts";
export { userName } from "./workspace/authorship.ts";
