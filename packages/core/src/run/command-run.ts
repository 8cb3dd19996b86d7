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

/** The options of {@link openCommandRun}. */
export interface CommandRunOptions {
  readonly pid?: number;
  readonly guard?: FenceGuard | undefined;
  readonly trustsTools?: boolean;
}

/**
 * The run context of a command without a journal. With `pid`, the command does not hold the lock, and its directory is
 * named after that process. With `guard`, the command can change workers and is recorded in the history. With
 * `trustsTools`, tools that an earlier command found on a worker are not checked again.
 */
export function openCommandRun(
  bucket: Bucket,
  reporter: RunReporter,
  { pid, guard, trustsTools = false }: CommandRunOptions = {},
): CommandRun {
  const state = recordedStateOf(bucket);
  const known = (host: string) => (trustsTools ? state.delivery(host)?.tools : undefined);
  const connections = new Connections(reporter, { known, guard });
  const place = temporary(bucket.paths.tmp, reporter.id, pid);
  return {
    bucket,
    reporter,
    connections,
    budget: new BudgetState(),
    ...knownOf(bucket.store.catalog.read(), bucket),
    ...state,
    get tmp() {
      return place.tmp;
    },
    async end() {
      await connections.close();
      place.remove();
    },
  };
}
