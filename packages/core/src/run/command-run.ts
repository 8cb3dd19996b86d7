import type { Bucket, RunReporter } from "../bucket/bucket.ts";
import { Connections } from "./connections.ts";
import { knownOf, recordedStateOf } from "./run.ts";
import type { ScopeSource } from "./scope/contexts.ts";
import { temporary } from "./temporary.ts";

/** The same for a command that has no journal, with the way to end it. */
export type CommandRun = ScopeSource & ReturnType<typeof recordedStateOf> & { end(): Promise<void> };

/** What a command may act with that is no deploy. With `pid` it holds no lock, and that process's name marks its files. */
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
    ...knownOf(bucket.store.catalog.read()),
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
