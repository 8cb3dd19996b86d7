/**
 * The small door of core: what only looks at a bucket's store. A command that needs no plugin, no configuration and no
 * worker comes in here, and so starts without loading the engine.
 */
export { type BucketPaths, findBucket } from "./config/find-bucket.ts";
export type { Finding } from "./domain/finding.ts";
export { didYouMean } from "./domain/names.ts";
export { error, type Problem } from "./domain/problem.ts";
export { plainDecimal } from "./domain/units.ts";
export { type Deployment, deployments } from "./engine/inspect.ts";
export { type CertificateView, certificates } from "./engine/inspect-certs.ts";
export { type KvView, kvEntries, kvEntry } from "./engine/inspect-kv.ts";
export { refuseUnknown, selectWorkers } from "./engine/select.ts";
export { isMaandError, MaandError, problemsError } from "./errors.ts";
export type { FilePart } from "./log/file-lines.ts";
export { type LogFilter, logFilter } from "./log/filter.ts";
export { FollowedLogs } from "./log/follow.ts";
export { lastParts } from "./log/last-parts.ts";
export { LOG_KEYS, type LogFields, readLogLine } from "./log/line.ts";
export { type LogPlace, logDirectory, logPlaces } from "./log/log-places.ts";
export { mergedByTime } from "./log/merge.ts";
export { type LogTrouble, type StoredLine, StoredLines } from "./log/stored-lines.ts";
export { Store } from "./store/store.ts";
