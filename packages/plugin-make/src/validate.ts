import { error, type Job, type JobFile, type Problem, type ValidateContext, warning } from "@maand/core";
import { makefileTargets } from "./makefile-targets.ts";

type Context = Pick<ValidateContext, "jobs" | "runBy" | "read" | "report">;

/** Bytes of the largest Makefile that is looked into. */
const LARGEST = 1024 * 1024;

/**
 * Requires a Makefile of every job, also of one whose rollout a command takes over, because `maand job` and stopping use it.
 * Only a job that another plugin runs does without. Warns about lifecycle targets that are certainly missing.
 */
export function validateMakefiles({ jobs, runBy, read, report }: Context): void {
  for (const job of jobs) {
    if (runBy(job) !== undefined) continue;
    const makefile = job.files.find(({ path }) => path === "Makefile");
    if (!makefile && !has(job, "Makefile.tpl")) report(missing(job));
    // what a template renders, and another file that make would prefer, cannot be judged here
    else if (makefile && !["Makefile.tpl", "GNUmakefile", "makefile"].some((path) => has(job, path)))
      for (const problem of missingTargets(job, makefile, read)) report(problem);
  }
}

function missingTargets(job: Job, makefile: JobFile, read: Context["read"]): Problem[] {
  const targets = makefile.size > LARGEST ? undefined : makefileTargets(Buffer.from(read(makefile)).toString());
  if (!targets) return [];
  return neededTargets(job)
    .filter(([target]) => !targets.has(target) && !isMadeOf(job, target))
    .map(([target, when]) =>
      warning(
        "missing_target",
        `workspace/jobs/${job.name}/Makefile`,
        `has no target ${target}, which a deploy runs ${when}`,
        target === "stop"
          ? "write one that succeeds when nothing runs, too"
          : `write one, or "${target}: ;" for nothing to do`,
      ),
    );
}

/** The targets that a deploy of a job runs, and when. A command may take the place of a rollout, and never of stopping. */
function neededTargets({ commands, restartPolicy, restartGlobs }: Job): [string, string][] {
  const stop: [string, string] = ["stop", "before an allocation is disabled or removed"];
  if (commands.some(({ executedOn }) => executedOn.includes("job_control"))) return [stop];
  const restarts = restartPolicy === "always" || (restartPolicy === "reload" && restartGlobs.length > 0);
  return [
    ["start", "on a new allocation"],
    stop,
    ...(restarts ? [["restart", "for an upgrade"] as [string, string]] : []),
    ...(restartPolicy === "reload" ? [["reload", "for an upgrade"] as [string, string]] : []),
  ];
}

/** make has rules of its own: a file `stop.sh` is made to `stop`, and a file `stop` is a target too. */
function isMadeOf(job: Job, target: string): boolean {
  return job.files.some(({ path }) => path === target || path.startsWith(`${target}.`));
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
