import type { JobFile } from "@maand/core";

const SUFFIX = ".tpl";

/** Whether a file of a job is a template that is rendered for its workers. */
export function isTemplate({ path }: Pick<JobFile, "path">): boolean {
  return path.endsWith(SUFFIX) && !path.startsWith("_modules/") && !path.startsWith("_prometheus/");
}

/** Where a template's text goes, within the job. */
export function renderedPath({ path }: Pick<JobFile, "path">): string {
  return path.slice(0, -SUFFIX.length);
}

/** Where a template is, as problems and errors name it. */
export function placeOf(job: string, { path }: Pick<JobFile, "path">): string {
  return `workspace/jobs/${job}/${path}`;
}
