import type { Allocation, Job } from "../domain/job.ts";
import { didYouMean } from "../domain/names.ts";
import { error, type Problem } from "../domain/problem.ts";
import { problemsError } from "../errors.ts";
import type { Run } from "./run.ts";

/** Refuses names nobody has, all of them at once (cli.md: an unknown name in a list is an error before anything happens). */
export function refuseUnknown(
  kind: "job" | "worker",
  flag: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const list = `maand cat ${kind}s lists them`;
  throw problemsError(
    unknown.map((name) =>
      error(`unknown_${kind}`, flag, `there is no ${kind} "${name}"`, didYouMean(name, known) ?? list),
    ),
  );
}

/** A job's active allocations, or those of them on the hosts named. A host that cannot be meant is refused, with the reason. */
export function selectAllocations(
  run: Pick<Run, "catalog" | "allocationsOf">,
  job: Job,
  hosts: readonly string[],
): Allocation[] {
  refuseUnknown(
    "worker",
    "--allocations",
    hosts,
    run.catalog.workers.map((worker) => worker.host),
  );
  const all = run.allocationsOf.get(job.name) ?? [];
  const problems = hosts.flatMap((host): Problem[] => {
    const found = all.find((allocation) => allocation.host === host);
    if (!found)
      return [
        error(
          "not_allocated",
          "--allocations",
          `job ${job.name} is not allocated on ${host}`,
          `maand cat allocations --jobs ${job.name} shows where it is`,
        ),
      ];
    return found.disabled
      ? [
          error(
            "disabled_allocation",
            "--allocations",
            `job ${job.name} is disabled on ${host}`,
            "take it out of workspace/disabled.json, build and deploy",
          ),
        ]
      : [];
  });
  if (problems.length > 0) throw problemsError(problems);
  const active = all.filter(({ disabled, host }) => !disabled && (hosts.length === 0 || hosts.includes(host)));
  if (active.length > 0) return active;
  throw problemsError([
    error(
      "no_allocation",
      `job ${job.name}`,
      "has no active allocation",
      "maand cat allocations shows where jobs are; maand why says why not",
    ),
  ]);
}
