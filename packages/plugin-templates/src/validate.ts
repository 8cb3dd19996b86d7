import {
  didYouMean,
  error,
  isMaandError,
  type Job,
  type JobFile,
  type Problem,
  type ValidateContext,
  warning,
} from "@maand/core";
import { TemplateError } from "@maand/gotemplate";
import { reasonOf, spotOf } from "./failure.ts";
import type { Press } from "./press.ts";
import { isTemplate, placeOf, renderedPath } from "./sources.ts";

/** Names directly in a job's directory on a worker that the job has at runtime. */
const RUNTIME = ["data", "logs", "bin"];

/** Reads every template of every job, and looks where it would go. Nothing is rendered: values come later. */
export function checkTemplates(press: Press, { jobs, read, report }: ValidateContext): void {
  for (const job of jobs) {
    for (const file of job.files.filter(isTemplate)) {
      for (const problem of [pathProblem(job, file), textProblem(press, job, file, read)]) if (problem) report(problem);
    }
  }
}

function pathProblem({ name, files }: Job, file: JobFile): Problem | undefined {
  const place = placeOf(name, file);
  const path = renderedPath(file);
  if (path === "" || path.endsWith("/"))
    return error("invalid_template", place, "has no name but .tpl", "call it <name>.tpl");
  if (RUNTIME.includes(path))
    return error(
      "reserved_directory",
      place,
      `would become "${path}", which is reserved for what the job writes on its workers`,
      "give it another name",
    );
  if (files.some((other) => other.path.startsWith(`${path}/`)))
    return error("invalid_template", place, `would become "${path}", which is a directory`, "rename one of them");
  if (files.some((other) => other.path === path))
    return warning(
      "template_overwrites",
      place,
      `is rendered over the file "${path}" that is there too`,
      `delete one of them; workers get what the template gives`,
    );
  return undefined;
}

function textProblem(press: Press, job: Job, file: JobFile, read: ValidateContext["read"]): Problem | undefined {
  const place = placeOf(job.name, file);
  try {
    press.parse(job.name, file, read);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof TemplateError) {
      const reason = reasonOf(thrown);
      return error("invalid_template", spotOf(thrown, place), reason, hintFor(reason, press.names));
    }
    if (!isMaandError(thrown) || thrown.code !== "RENDER_FAILED") throw thrown;
    return error("invalid_template", place, thrown.message, thrown.hint);
  }
}

/** Functions Go's templates have by themselves. */
const GO = "and call eq ge gt html index js le len lt ne not or print printf println slice urlquery".split(" ");

function hintFor(reason: string, names: readonly string[]): string {
  const [, unknown] = /^function "(.*)" not defined/.exec(reason) ?? [];
  if (unknown === undefined) return 'a template is a Go text/template; {{"{{"}} writes the braces themselves';
  return didYouMean(unknown, [...names, ...GO]) ?? `there are ${names.join(", ")}, and Go's own`;
}
