import { error, type Job, type Problem, type ValidateContext } from "@maand/core";

/**
 * Every job needs a Makefile, also one whose rollout a command takes over: `maand job` and stopping use it. Only one that
 * another plugin runs does without.
 */
export function validateMakefiles({ jobs, runBy, report }: Pick<ValidateContext, "jobs" | "runBy" | "report">): void {
  for (const job of jobs)
    if (runBy(job) === undefined && !has(job, "Makefile") && !has(job, "Makefile.tpl")) report(missing(job));
}

function missing(job: Job): Problem {
  const other = ["makefile", "GNUmakefile"].find((name) => has(job, name));
  return error(
    "missing_makefile",
    `workspace/jobs/${job.name}/Makefile`,
    `job ${job.name} has neither Makefile nor Makefile.tpl`,
    other === undefined ? "write one with the targets start, stop and restart" : `rename ${other} to Makefile`,
  );
}

function has(job: Job, path: string): boolean {
  return job.files.some((file) => file.path === path);
}
