import type { JobFile } from "@maand/core";

const SUFFIX = ".tpl";

/** Whether a file of a job is a template that is rendered for its workers. */
export function isTemplate({ path }: Pick<JobFile, "path">): boolean {
  return path.endsWith(SUFFIX) && !path.startsWith("_modules/") && !path.startsWith("_prometheus/");
}

/** The path of the rendered file within the job. */
export function renderedPath({ path }: Pick<JobFile, "path">): string {
  return path.slice(0, -SUFFIX.length);
}

/** The place of a template, as named in problems and errors. */
export function placeOf(job: string, { path }: Pick<JobFile, "path">): string {
  return `workspace/jobs/${job}/${path}`;
}
