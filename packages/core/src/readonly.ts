/**
 * The read-only entry point of core, for commands that only read the store of a bucket. They need no plugin,
 * configuration or worker, and start without loading the engine.
 */

export { openStore } from "./bucket/open-store.ts";
export type { RunRecords } from "./bucket/team/pull-run-records.ts";
export { CONFIG_PLACES } from "./config/config.ts";
export { type BucketPaths, findBucket } from "./config/find-bucket.ts";
export { kvKeyOf } from "./config/store/kv-key-command.ts";
export type { Finding } from "./domain/checks/finding.ts";
export { error, type Problem } from "./domain/checks/problem.ts";
export { unbuiltText } from "./domain/checks/unbuilt-text.ts";
export { groupBy } from "./domain/group-by.ts";
export { CERTS, NAMESPACE } from "./domain/kv/kv-names.ts";
export { ownerText, type SecretOwner, secretNamespace } from "./domain/kv/secret-names.ts";
export {
  isInMaintenance,
  type MaintainedWorker,
  PHASES,
  type Phase,
  progressText,
  type WorkerState,
} from "./domain/maintenance/maintenance.ts";
export { type HeldText, heldTexts } from "./domain/release/held-texts.ts";
export { holdText } from "./domain/release/hold.ts";
export { releaseName, releaseNumber, type Verdict } from "./domain/release/release.ts";
export { type CertificateTimes, renewalStart } from "./domain/settings/renewal.ts";
export { demandedJobs } from "./domain/workspace/job.ts";
export { didYouMean } from "./domain/workspace/names.ts";
export { plainDecimal } from "./domain/workspace/resource-units.ts";
export { compareHosts } from "./domain/workspace/worker.ts";
export { isMaandError, MaandError, problemsError } from "./errors.ts";
export { LOG_KEYS, type LogFields, readLogLine, timeOf } from "./log/line.ts";
export { type LogPlace, logDirectory, logPlaces } from "./log/log-places.ts";
export { putAside } from "./log/rotating-file.ts";
export { refuseUnknown, selectWorkers, type TypedWorkers, typedWorkers } from "./run/select.ts";
export type { HistoryEntry } from "./store/fence/history-rows.ts";
export type { LeftBehind } from "./store/fleet/left-behind-rows.ts";
export type { RunRow } from "./store/journal.ts";
export { lockHolder } from "./store/lock/bucket-lock.ts";
export { type Holder, isSameProcess } from "./store/lock/holder.ts";
export { heldBy } from "./store/lock/holder-text.ts";
export { STORE_VERSION } from "./store/migrations.ts";
export { sqliteVersion } from "./store/sqlite.ts";
export { Store } from "./store/store.ts";
export { type Deployment, deployments } from "./store/views/deployments.ts";
export { type KvView, kvEntries, kvEntry } from "./store/views/kv-entries.ts";
export {
  type MaintainedWorkerView,
  type MaintenanceView,
  maintenanceTexts,
  openMaintenance,
} from "./store/views/maintenance.ts";
export { jobReleases, type ReleaseView } from "./store/views/releases.ts";
export { openRollouts, type RolloutView } from "./store/views/rollouts.ts";
export { isRefused, noAccess } from "./trust/access.ts";

/** Compares a workspace with its build; loaded when needed, because reading a workspace requires further modules. */
export const loadUnbuilt = () => import("./bucket/unbuilt.ts");

/** Records of runs on other machines; loaded when needed. */
export const loadRunRecords = () => import("./bucket/team/pull-run-records.ts");
/** Runs a program on this machine to its end; loaded when needed. */
export const loadRunProgram = () => import("./remote/process/run-program.ts");
