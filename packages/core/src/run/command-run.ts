import type { Maand, RunFrame } from "../bucket/bucket.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { ActingContext, IncomingDemand } from "../plugin-api/scope.ts";
import { Connections } from "./connections.ts";
import { knownOf, memoryOf, type Run } from "./run.ts";
import { allocationScope } from "./scope/allocation-scope.ts";
import { type ContextSource, jobContext } from "./scope/contexts.ts";
import { temporary } from "./temporary.ts";

/** What acting in the name of allocations needs of a run, or of a command that is none. */
export type ActingSource = ContextSource & Pick<Run, "catalog" | "jobs" | "connections" | "tmp">;

/** The same for a command that has no journal, with the way to end it. */
export type Acting = ActingSource & ReturnType<typeof memoryOf> & { end(): Promise<void> };

/** What a command may act with that is no deploy. With `pid` it holds no lock, and that process's name marks its files. */
export function acting(maand: Maand, frame: RunFrame, { pid }: { readonly pid?: number } = {}): Acting {
  const connections = new Connections(frame);
  const place = temporary(maand.paths.tmp, frame.id, pid);
  return {
    maand,
    frame,
    connections,
    ...knownOf(maand.store.catalog.read()),
    ...memoryOf(maand),
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
export function actingContext(run: ActingSource, job: Job): ActingContext {
  return Object.freeze({
    ...jobContext(run, job),
    tmp: () => run.tmp,
    read: ({ hash }: { readonly hash: string }) => run.maand.store.contents.read(hash),
    pieces: ({ hash }: { readonly hash: string }) => run.maand.store.contents.pieces(hash),
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
