import type { Bucket, RunReporter } from "../bucket/bucket.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { IncomingDemand, ScopedJobContext } from "../plugin-api/scope.ts";
import { Connections } from "./connections.ts";
import { knownOf, type Run, recordedStateOf } from "./run.ts";
import { allocationScope } from "./scope/allocation-scope.ts";
import { type ContextSource, jobContext } from "./scope/contexts.ts";
import { temporary } from "./temporary.ts";

/** What acting in the name of allocations needs of a run, or of a command that is none. */
export type ScopeSource = ContextSource & Pick<Run, "catalog" | "jobs" | "connections" | "tmp">;

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

/** Context of a job for hooks that do something. */
export function scopedJobContext(run: ScopeSource, job: Job): ScopedJobContext {
  return Object.freeze({
    ...jobContext(run, job),
    tmp: () => run.tmp,
    read: ({ hash }: { readonly hash: string }) => run.bucket.store.contents.read(hash),
    demandsOn: (command: string) => demandsOn(run, job, command),
    scope: (allocation: Allocation) => allocationScope(run, job, allocation),
  });
}

function demandsOn({ catalog }: ScopeSource, job: Job, command: string): IncomingDemand[] {
  return catalog.jobs.flatMap((other) =>
    other.commands.flatMap(({ name, demands }) =>
      demands?.job === job.name && demands.command === command
        ? [{ job: other.name, command: name, config: demands.config }]
        : [],
    ),
  );
}
