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
import { positionIn, reasonIn, TemplateError } from "@maand/gotemplate";
import { isTemplate, placeOf, renderedPath } from "./template-files.ts";
import type { TemplateRenderer } from "./template-renderer.ts";

/** Maximum size, in bytes, of a template. maand renders it in memory for each allocation. */
const LARGEST = 8 * 1024 * 1024;

/** Names directly in a job's directory on a worker that the job uses at runtime. */
const RUNTIME = ["data", "logs", "bin"];

/**
 * Parses every template of every job, and checks the path of its rendered file. Renders nothing, because the
 * values are still unknown.
 */
export function checkTemplates(renderer: TemplateRenderer, { jobs, read, report }: ValidateContext): void {
  for (const job of jobs) {
    for (const file of job.files.filter(isTemplate)) {
      for (const problem of [pathProblem(job, file), textProblem(renderer, job, file, read)])
        if (problem) report(problem);
    }
  }
}

function pathProblem({ name, files }: Job, file: JobFile): Problem | undefined {
  const place = placeOf(name, file);
  const path = renderedPath(file);
  if (path === "" || path.endsWith("/"))
    return error("invalid_template", place, "has no name before .tpl", "rename it to <name>.tpl");
  if (RUNTIME.includes(path))
    return error(
      "reserved_directory",
      place,
      `would become "${path}", which is reserved for what the job writes on its workers`,
      "rename it",
    );
  if (files.some((other) => other.path.startsWith(`${path}/`)))
    return error("invalid_template", place, `would become "${path}", which is a directory`, "rename one of them");
  if (files.some((other) => other.path === path))
    return warning(
      "template_overwrites",
      place,
      `would overwrite the file "${path}" of the job`,
      `delete one of them; workers get the rendered template`,
    );
  return undefined;
}

function textProblem(
  renderer: TemplateRenderer,
  job: Job,
  file: JobFile,
  read: ValidateContext["read"],
): Problem | undefined {
  const place = placeOf(job.name, file);
  if (file.size > LARGEST)
    return error(
      "invalid_template",
      place,
      `is larger than ${LARGEST} bytes`,
      "remove .tpl from its name, or split it",
    );
  try {
    renderer.parse(job.name, file, read);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof TemplateError) {
      const reason = reasonIn(thrown);
      return error("invalid_template", positionIn(thrown, place), reason, hintFor(reason, renderer.names));
    }
    if (!isMaandError(thrown) || thrown.code !== "RENDER_FAILED") throw thrown;
    return error("invalid_template", place, thrown.message, thrown.hint);
  }
}

/** The functions of Go's templates. */
const GO = "and call eq ge gt html index js le len lt ne not or print printf println slice urlquery".split(" ");

function hintFor(reason: string, names: readonly string[]): string {
  const [, unknown] = /^function "(.*)" not defined/.exec(reason) ?? [];
  if (unknown === undefined) return 'a template is a Go text/template; {{"{{"}} writes literal braces';
  return didYouMean(unknown, [...names, ...GO]) ?? `available: ${names.join(", ")}, and Go's own`;
}
