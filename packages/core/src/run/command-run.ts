import type { Bucket, RunReporter } from "../bucket/bucket.ts";
import { Connections } from "./connections.ts";
import { knownOf, type Run, recordedStateOf } from "./run.ts";
import type { ScopeSource } from "./scope/contexts.ts";
import { temporary } from "./temporary.ts";

/** The scope of a command without a journal, with a method to close it. */
export type CommandRun = ScopeSource &
  Pick<Run, "allocationsOn"> &
  ReturnType<typeof recordedStateOf> & { end(): Promise<void> };

/**
 * The run context of a command other than deploy. With `pid`, the command does not hold the lock, and its directory is
 * named after that process.
 */
export function openCommandRun(
  bucket: Bucket,
  reporter: RunReporter,
  { pid }: { readonly pid?: number } = {},
): CommandRun {
  const connections = new Connections(reporter);
  const place = temporary(bucket.paths.tmp, reporter.id, pid);
  return {
    bucket,
    reporter,
    connections,
    ...knownOf(bucket.store.catalog.read(), bucket.plugins),
    ...recordedStateOf(bucket),
    get tmp() {
      return place.tmp;
    },
    async end() {
      await connections.close();
      place.remove();
    },
  };
}
