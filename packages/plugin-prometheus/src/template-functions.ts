import { MaandError, type RenderContext, type TemplateFunctions } from "@maand/core";
import { expandedOf, filesOf, isActive, type PublishedFile, scrapeJobsOf } from "./published.ts";
import { CERTIFICATE_RULES } from "./rules/certificate-rules.ts";
import { ruleFileName, sourcesOf } from "./sources.ts";

/** The functions that a `prometheus.yml.tpl` calls. */
export function prometheusFunctions(current: () => RenderContext): TemplateFunctions {
  return { scrapeConfigs: () => scrapeConfigs(current()), ruleFiles: () => ruleFiles(current()) };
}

/**
 * The list under `scrape_configs:`, with a newline and two blanks before each line; empty if there are no
 * configurations.
 */
function scrapeConfigs({ kv, job }: RenderContext): string {
  const lists = scrapeJobsOf(kv).map((name) => expandedOf(kv, name, job.name) ?? hidden(name, job.name));
  const lines = lists.flatMap((list) => list.trimEnd().split("\n")).filter((line) => line !== "");
  return lines.map((line) => `\n  ${line}`).join("");
}

function hidden(name: string, reader: string): never {
  throw new MaandError({
    code: "RENDER_FAILED",
    message: `the scrape configuration of ${name} has secrets, which job ${reader} may not read`,
    hint: "only a job with prometheus.yml.tpl may read them",
  });
}

/** The complete `rule_files` section; empty without a server job. */
function ruleFiles({ kv }: RenderContext): string {
  if (!isActive(kv)) return "";
  const paths = rulePaths(filesOf(kv)).map((path) => `\n  - ${JSON.stringify(path)}`);
  return `rule_files:${paths.join("")}`;
}

/** The paths of all rule files of a server job, relative to its directory, with maand's own file first. */
function rulePaths(files: readonly PublishedFile[]): string[] {
  const others = sourcesOf({ files }).rules.map(({ job, path }) => `${job}/${ruleFileName(path)}`);
  return [CERTIFICATE_RULES, ...others].map((path) => `rules/${path}`);
}
