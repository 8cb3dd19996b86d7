/** Takes over a bucket of the Go program. An entry point of its own: no other command loads it. */

export type { Meaningless } from "./import/compare/compare.ts";
export { importBucket } from "./import/import-bucket.ts";
export type { Imported, ImportedAllocation, ImportedWorker, RefusedFile } from "./import/imported.ts";
export type { ImportOptions } from "./import/options.ts";
