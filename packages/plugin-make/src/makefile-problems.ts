import { error, type Job, type JobFile, type Problem, type ValidateContext, warning } from "@maand/core";
import { makefileTargets, phonyTargets } from "./makefile-targets.ts";

type Context = Pick<ValidateContext, "jobs" | "runBy" | "read" | "report">;

/** Targets that maand runs itself or has a command for. */
const LIFECYCLE = ["start", "stop", "restart", "reload", "status"];
/** Maximum size, in bytes, of a Makefile to check. */
const LARGEST = 1024 * 1024;

/**
 * Requires a Makefile in every job except those that another plugin runs. A job whose rollout is run by a command also
 * needs a Makefile, because `maand job` uses it, and so does stopping the job. Warns about lifecycle targets that are
 * certainly missing, and about targets with the name of a file.
 */
export function checkMakefiles({ jobs, runBy, read, report }: Context): void {
  for (const job of jobs) {
    if (runBy(job) !== undefined) continue;
    const makefile = file(job, "Makefile") ?? file(job, "Makefile.tpl");
    if (makefile) for (const problem of targetProblems(job, makefile, read)) report(problem);
    else report(missingMakefile(job));
  }
}

function file(job: Job, name: string): JobFile | undefined {
  return job.files.find(({ path }) => path === name);
}

function missingMakefile(job: Job): Problem {
  const other = file(job, "makefile") ?? file(job, "GNUmakefile");
  return error(
    "missing_makefile",
    `workspace/jobs/${job.name}/Makefile`,
    `job ${job.name} has neither a Makefile nor a Makefile.tpl`,
    other === undefined ? "create one with the targets start, stop and restart" : `rename ${other.path} to Makefile`,
  );
}

/** The problems of targets. A Makefile that make does not use is not checked. */
function targetProblems(job: Job, makefile: JobFile, read: Context["read"]): Problem[] {
  const otherIsTaken = file(job, "GNUmakefile") ?? file(job, "makefile");
  if (otherIsTaken || makefile.size > LARGEST) return [];
  const text = Buffer.from(read(makefile)).toString();
  const where = `workspace/jobs/${job.name}/${makefile.path}`;
  const phony = phonyTargets(text);
  return [...missingTargets(job, where, text, phony), ...namedAsFiles(job, where, phony)];
}

/** The missing targets. The result of a template cannot be checked here. */
function missingTargets(job: Job, where: string, text: string, phony: ReadonlySet<string>): Problem[] {
  const targets = file(job, "Makefile.tpl") ? undefined : makefileTargets(text);
  if (!targets) return [];
  const needed = new Map(neededTargets(job));
  return LIFECYCLE.filter((target) => !targets.has(target)).flatMap((target) => {
    const when = needed.get(target);
    if (when !== undefined)
      return [
        warning(
          "missing_target",
          where,
          `has no target ${target}, which a deploy runs ${when}`,
          target === "stop"
            ? "write one that also succeeds if nothing runs"
            : `write one, or "${target}: ;" for nothing to do`,
        ),
      ];
    if (!phony.has(target)) return [];
    return [
      warning(
        "target_without_rule",
        where,
        `.PHONY names ${target}, but there is no rule for it`,
        `write a rule for ${target}`,
      ),
    ];
  });
}

/** The targets that a deploy of a job runs, and when. A command may replace a rollout, but never stopping. */
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

function namedAsFiles(job: Job, where: string, phony: ReadonlySet<string>): Problem[] {
  return LIFECYCLE.filter((target) => !phony.has(target)).flatMap((target) => {
    const named = job.files.find(({ path }) => path === target || path.startsWith(`${target}/`));
    if (!named) return [];
    const what = named.path === target ? "a file" : "a directory";
    const message = `target ${target} has the name of ${what} of the job, so make skips it when run by hand`;
    return [warning("target_named_as_file", where, message, `add the line .PHONY: ${target}`)];
  });
}
