import { error, type Job, type JobFile, type ValidateContext, warning } from "@maand/core";

/** Targets maand calls by itself or has a command for. */
const LIFECYCLE = ["start", "stop", "restart", "reload", "status"];

/**
 * Every job needs a Makefile, also one whose rollout a command takes over: `maand job` and stopping use it. Only one that
 * another plugin runs does without. A target that make would skip is a warning.
 */
export function checkMakefiles(context: Pick<ValidateContext, "jobs" | "runBy" | "read" | "report">): void {
  for (const job of context.jobs.filter((one) => context.runBy(one) === undefined)) {
    const file = job.files.find(({ path }) => path === "Makefile" || path === "Makefile.tpl");
    if (file) checkTargets(job, file, context);
    else context.report(missing(job));
  }
}

function missing(job: Job) {
  const other = job.files.find(({ path }) => path === "makefile" || path === "GNUmakefile")?.path;
  return error(
    "missing_makefile",
    `workspace/jobs/${job.name}/Makefile`,
    `job ${job.name} has neither Makefile nor Makefile.tpl`,
    other === undefined ? "write one with the targets start, stop and restart" : `rename ${other} to Makefile`,
  );
}

function checkTargets(job: Job, file: JobFile, { read, report }: Pick<ValidateContext, "read" | "report">): void {
  const { phony, rules } = targetsOf(Buffer.from(read(file)).toString());
  const where = `workspace/jobs/${job.name}/${file.path}`;
  for (const target of LIFECYCLE) {
    const named = job.files.find(({ path }) => path === target || path.startsWith(`${target}/`));
    if (named && !phony.has(target))
      report(
        warning(
          "target_named_as_file",
          where,
          `target ${target} has the name of ${named.path === target ? "a file" : "a directory"} of the job, and make skips such a target`,
          `add the line .PHONY: ${target}`,
        ),
      );
    if (phony.has(target) && rules && !rules.has(target))
      report(
        warning("target_without_rule", where, `.PHONY names ${target}, and no rule does`, `write a rule for ${target}`),
      );
  }
}

/** The targets that .PHONY names, and those that rules name; no `rules` where only make can tell them. */
function targetsOf(text: string): {
  readonly phony: ReadonlySet<string>;
  readonly rules: ReadonlySet<string> | undefined;
} {
  const phony = new Set<string>();
  const rules = new Set<string>();
  const lines = text.replace(/\\\r?\n/g, " ").split(/\r?\n/);
  const unclear = lines.some((line) => /^(-?include|define)\b|^[^\t#]*[%$({][^:=]*:(?!=)/.test(line));
  for (const line of lines) {
    const [, names = "", after = ""] = /^([^\t#:=][^#:=]*?)\s*::?(?!=)([^#]*)/.exec(line) ?? [];
    const isPhony = names.trim() === ".PHONY";
    for (const name of (isPhony ? after : names).trim().split(/\s+/)) (isPhony ? phony : rules).add(name);
  }
  return { phony, rules: unclear ? undefined : rules };
}
