import type { Allocation, Job } from "../../domain/workspace/job.ts";
import type { ActingContext, IncomingDemand } from "../../plugin-api/scope.ts";
import { allocationScope } from "./allocation-scope.ts";
import { type ActingSource, jobContext } from "./contexts.ts";

/** Context of a job for hooks that do something. */
export function actingContext(run: ActingSource, job: Job): ActingContext {
  return Object.freeze({
    ...jobContext(run, job),
    tmp: () => run.tmp,
    read: ({ hash }: { readonly hash: string }) => run.maand.store.contents.read(hash),
    demandsOn: (command: string) => demandsOn(run, job, command),
    scope: (allocation: Allocation) => allocationScope(run, job, allocation),
  });
}

function demandsOn({ catalog }: ActingSource, job: Job, command: string): IncomingDemand[] {
  return catalog.jobs.flatMap((other) =>
    other.commands.flatMap(({ name, demands }) =>
      demands?.job === job.name && demands.command === command
        ? [{ job: other.name, command: name, config: demands.config }]
        : [],
    ),
  );
}
