import { releaseNumber, type Store } from "@maand/core/readonly";
import type { SavedPlan } from "@maand/saved-plans";
import { unknown, wrong } from "../server/query.ts";
import { Refused } from "../server/refused.ts";
import { printedBy, type Starter } from "./maand-process.ts";
import type { Plans } from "./plans.ts";
import { type Change, changeLines, counted, type Prepared } from "./prepared.ts";
import { jsonIn } from "./printed-error.ts";

const DRY_RUN_MS = 5 * 60_000;

/** Prepares to carry out a plan that was made here. Throws 409 if it was already carried out, or does nothing. */
export function prepareDeploy(store: Store, plans: Plans, digest: string): Prepared {
  const run = store.journal.runOfPlan(digest);
  const plan = plans.read(digest);
  if (run !== undefined)
    throw new Refused(409, "PLAN_INVALID", `run ${run} has already carried out this plan`, "make a new plan");
  const changes = changesIn(plan);
  if (changes.length === 0 && !plan.required)
    throw new Refused(409, "PLAN_INVALID", "this plan does nothing", "make a new plan after a build");
  return {
    text: `deploy this plan: ${changes.length === 0 ? "it finishes the work of the last run" : counted(changes)}`,
    items: [...changeLines(changes), ...plan.notes],
    command: ["deploy", "--plan", `${digest.slice(0, 12)}.json`],
    start: { argv: ["deploy", "--json", "--plan", plans.pathOf(digest)] },
  };
}

function changesIn({ waves, stopping }: SavedPlan): Change[] {
  const changes = waves.flatMap(({ jobs }) =>
    jobs.flatMap(({ job, allocations }) =>
      allocations.map(({ worker_ip, action, current_version, new_version }) => ({
        ...{ job, worker_ip },
        what: current_version === new_version ? action : `${action} (${current_version} to ${new_version})`,
      })),
    ),
  );
  const stops = stopping.map(({ job, worker_ip, remove, reason }) => ({
    ...{ job, worker_ip },
    what: `${remove ? "stop, and delete its files" : "stop"} (${reason})`,
  }));
  return [...stops, ...changes];
}

/** The parts of `maand rollback --dry-run --json` that are confirmed. */
interface DryRun {
  readonly waves: readonly {
    readonly jobs: readonly {
      readonly job: string;
      readonly allocations: readonly {
        readonly worker_ip: string;
        readonly action: string;
        readonly current_version: string;
        readonly new_version: string;
      }[];
    }[];
  }[];
  readonly failures: readonly { readonly message: string }[];
}

/** Prepares a rollback of a job, to a named release or to the last good release. */
export async function prepareRollback(
  starter: Starter,
  { job, to, jobs }: { readonly job: string; readonly to: string | undefined; readonly jobs: readonly string[] },
): Promise<Prepared> {
  if (!jobs.includes(job)) throw unknown("job", job);
  if (to !== undefined && releaseNumber(to) === undefined) throw wrong("to must be the name of a release, such as r12");
  const argv = ["rollback", job, ...(to === undefined ? [] : ["--to", to])];
  const printed = await printedBy(starter, [...argv, "--dry-run", "--json"], DRY_RUN_MS);
  const { waves, failures }: DryRun = dryRunIn(jsonIn(printed));
  if (failures[0]) throw new Refused(409, "NOT_PERMITTED", failures[0].message, null);
  const changes = waves
    .flatMap((wave) => wave.jobs)
    .flatMap((one) =>
      one.allocations
        .filter(({ action }) => action !== "skip")
        .map(({ worker_ip, action, current_version, new_version }) => ({
          job: one.job,
          worker_ip,
          what: `${action} (${current_version} to ${new_version})`,
        })),
    );
  const where = to === undefined ? "the last release that was healthy" : to;
  return {
    text: `roll ${job} back to ${where}: ${counted(changes)}`,
    items: changeLines(changes),
    command: argv,
    start: { argv: [...argv, "--json"] },
  };
}

function dryRunIn(value: unknown): DryRun {
  if (typeof value === "object" && value !== null && "waves" in value && "failures" in value) return value as DryRun;
  throw new Refused(500, "UNEXPECTED", "the dry run printed no plan", null);
}
