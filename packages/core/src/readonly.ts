/**
 * The read-only entry point of core, for commands that only read the store of a bucket. They need no plugin, configuration
 * or worker, and start without loading the engine.
 */
export { openStore } from "./bucket/open-store.ts";
export { type BucketPaths, findBucket } from "./config/find-bucket.ts";
export type { Finding } from "./domain/checks/finding.ts";
export { error, type Problem } from "./domain/checks/problem.ts";
export { unbuiltText } from "./domain/checks/unbuilt-text.ts";
export { didYouMean } from "./domain/workspace/names.ts";
export { plainDecimal } from "./domain/workspace/units.ts";
export { isMaandError, MaandError, problemsError } from "./errors.ts";
export { LOG_KEYS, type LogFields, readLogLine } from "./log/line.ts";
export { type LogPlace, logDirectory, logPlaces } from "./log/log-places.ts";
export { type CertificateView, certificateClock, certificates } from "./operations/inspect/certificates.ts";
export { type Deployment, deployments } from "./operations/inspect/deployments.ts";
export { type KvView, kvEntries, kvEntry } from "./operations/inspect/kv.ts";
export type { FilePart } from "./operations/logs/file-lines.ts";
export { type LogFilter, logFilter } from "./operations/logs/filter.ts";
export { FollowedLogs } from "./operations/logs/follow.ts";
export { lastParts } from "./operations/logs/last-parts.ts";
export { mergedByTime } from "./operations/logs/merge.ts";
export { type LogProblem, type StoredLine, StoredLines } from "./operations/logs/stored-lines.ts";
export { refuseUnknown, selectWorkers } from "./run/select.ts";
export { Store } from "./store/store.ts";

/** Compares a workspace with its build; loaded when it is needed, since reading a workspace takes modules of its own. */
export const loadUnbuilt = () => import("./bucket/unbuilt.ts");
