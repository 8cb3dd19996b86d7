import type { Allocation, Job } from "../../domain/workspace/job.ts";
import type { IncomingDemand, ScopedJobContext } from "../../plugin-api/scope.ts";
import { allocationScope } from "./allocation-scope.ts";
import { jobContext, type ScopeSource } from "./contexts.ts";

/** Context of a job for hooks that act on workers. */
export function scopedJobContext(run: ScopeSource, job: Job): ScopedJobContext {
  return Object.freeze({
    ...jobContext(run, job),
    tmp: () => run.tmp,
    read: ({ hash }: { readonly hash: string }) => run.bucket.store.contents.read(hash),
    pieces: ({ hash }: { readonly hash: string }) => run.bucket.store.contents.pieces(hash),
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
