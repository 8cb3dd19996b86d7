import type { Bucket, RunReporter } from "../bucket/bucket.ts";
import { BudgetState } from "./budget/budget-state.ts";
import { Connections } from "./connections.ts";
import type { FenceGuard } from "./fence/fence-guard.ts";
import { knownOf, type Run, recordedStateOf } from "./run.ts";
import type { ScopeSource } from "./scope/contexts.ts";
import { temporary } from "./temporary.ts";

/** The scope of a command without a journal, with a method to close it. */
export type CommandRun = ScopeSource &
  Pick<Run, "allocationsOn"> &
  ReturnType<typeof recordedStateOf> & { end(): Promise<void> };

/**
 * The run context of a command other than deploy. With `pid`, the command does not hold the lock, and its directory is
 * named after that process. `guard`: the command may change workers, and is in the history.
 */
export function openCommandRun(
  bucket: Bucket,
  reporter: RunReporter,
  { pid, guard }: { readonly pid?: number; readonly guard?: FenceGuard | undefined } = {},
): CommandRun {
  const connections = new Connections(reporter, { guard });
  const place = temporary(bucket.paths.tmp, reporter.id, pid);
  return {
    bucket,
    reporter,
    connections,
    budget: new BudgetState(),
    ...knownOf(bucket.store.catalog.read(), bucket),
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
