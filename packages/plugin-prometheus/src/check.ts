import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { error, type Job, type Problem, type ValidateContext, warning } from "@maand/core";
import { reachesWorker } from "@maand/core/internal";
import { fileOf, localLinks } from "./pages/markdown.ts";
import { RUNBOOKS, runbooksOf } from "./pages/runbooks.ts";
import { checkWithPromtool, type ToolResult } from "./promtool/check-with-promtool.ts";
import type { Promtool } from "./promtool/run-promtool.ts";
import type { Published } from "./published.ts";
import { type CheckedRules, checkRules } from "./rules/check-rules.ts";
import { checkScrape, type JobScrape } from "./scrape/check-scrape.ts";
import { caFileOf, schemeOf } from "./server-job.ts";
import { isServer, placeOf, SERVER_PORT, serverConfigs, sourcesOf } from "./sources.ts";
import { decoded, readTextFile } from "./text-file.ts";

/** The Prometheus data of a workspace. */
export interface CheckedWorkspace {
  readonly published: Published;
  /** The result of promtool. */
  readonly checked: ToolResult["state"];
}

/** Checks everything that the jobs provide for Prometheus, and reports all problems. */
export async function checkWorkspace(context: ValidateContext, promtool: Promtool): Promise<CheckedWorkspace> {
  const scrape = checkScrape(context);
  const rules = checkRules(context);
  const pages = runbookPages(context.jobs);
  for (const job of context.jobs) for (const problem of problemsOf(job, pages, context)) context.report(problem);
  for (const server of context.jobs.filter(isServer))
    for (const problem of serverProblems(server, { scrape, rules }, context)) context.report(problem);
  const result = await checkWithPromtool(promtool, { scrape, rules, configs: plainConfigs(context) });
  if (result.state === "refused") for (const problem of result.problems) context.report(problem);
  const groups = rules.reduce((sum, file) => sum + file.groups, 1);
  return { published: { scrape, files: publishedFiles(context.jobs), groups, active: true }, checked: result.state };
}

function publishedFiles(jobs: readonly Job[]): Published["files"] {
  return jobs.flatMap((job) => {
    const { rules, runbooks, dashboards, ignore } = sourcesOf(job);
    return [...rules, ...runbooks, ...dashboards, ...ignore].map(({ path, hash, executable, size }) => ({
      job: job.name,
      path,
      hash,
      executable,
      size,
    }));
  });
}

/** Problems of the files in `_prometheus/` that are neither scrape configurations nor rules. */
function problemsOf(job: Job, pages: ReadonlySet<string>, { read, report }: ValidateContext): Problem[] {
  const sources = sourcesOf(job);
  const strays = sources.others.map(({ path }) =>
    warning(
      "prometheus_file_ignored",
      placeOf(job.name, path),
      "is not a file for Prometheus",
      "use scrape.yaml or scrape.yaml.tpl, alerts/*.yaml, runbooks/*.md and dashboards/",
    ),
  );
  const dead = runbooksOf(job.name, sources.runbooks).flatMap(({ name, file }) => {
    const text = readTextFile(job.name, file, read, report);
    return text === undefined ? [] : deadLinks(text, `${job.name}/${name}`, placeOf(job.name, file.path), pages);
  });
  return [...strays, ...dead];
}

/** The pages that runbooks may link to: other runbooks, as `<job>/<name>.md`, and the index. */
function runbookPages(jobs: readonly Job[]): Set<string> {
  const books = jobs.flatMap((job) => runbooksOf(job.name, sourcesOf(job).runbooks));
  return new Set(["index.html", ...books.map(({ job, name }) => `${job}/${name}.md`)]);
}

const BASE = "http://server/consoles/runbooks/";

/** Reports links to missing targets, which would otherwise be noticed only during an incident. */
function deadLinks(text: string, page: string, where: string, pages: ReadonlySet<string>): Problem[] {
  return localLinks(text).flatMap(({ href, line }) => {
    const { pathname } = new URL(encodeURI(fileOf(href)), BASE + encodeURI(page));
    const target = decodeURI(pathname).slice(new URL(BASE).pathname.length);
    if (pathname.startsWith(new URL(BASE).pathname) && pages.has(target)) return [];
    const hint = "link to <name>.md, ../<job>/<name>.md or ../index.html; no other files are served";
    return [{ ...error("invalid_runbook", where, `the target of the link "${href}" does not exist`, hint), line }];
  });
}

interface Found {
  readonly scrape: readonly JobScrape[];
  readonly rules: readonly CheckedRules[];
}

function serverProblems(job: Job, found: Found, { read, bucket }: ValidateContext): Problem[] {
  const [config, other] = serverConfigs(job);
  if (!config) return [];
  const where = placeOf(job.name, config.path);
  if (other) return [error("invalid_prometheus", where, `exists in addition to ${other.path}`, "delete one of them")];
  return [
    ...portProblems(job),
    ...authorityProblems(job, bucket.root),
    ...silentProblems(where, decoded(read(config)) ?? "", found),
    ...takenPaths(job),
  ];
}

/** Checks that a server job has a port, which pages and certificate metrics need. */
function portProblems({ name, ports }: Job): Problem[] {
  if (SERVER_PORT in ports) return [];
  const where = `${placeOf(name, "manifest.json")}: resources.ports`;
  const message = `job ${name} has a prometheus.yml but no port "${SERVER_PORT}"`;
  return [error("invalid_prometheus", where, message, `add "${SERVER_PORT}": {} and let the server listen on it`)];
}

/** Reports a CA that cannot be read, which would otherwise be noticed only after a deploy. */
function authorityProblems(job: Job, root: string): Problem[] {
  const file = caFileOf(job);
  if (file === undefined) return [];
  const where = `${placeOf(job.name, "manifest.json")}: prometheus.ca_file`;
  if (schemeOf(job) === "http")
    return [warning("invalid_prometheus", where, "is not used without TLS", 'add "scheme": "https", or delete it')];
  if (existsSync(resolve(root, file))) return [];
  return [
    error(
      "invalid_prometheus",
      where,
      `the file ${resolve(root, file)} does not exist`,
      `${RELATIVE}; without it, the CA of the bucket and those of this machine are trusted`,
    ),
  ];
}

const RELATIVE = "name a file, relative to the directory of the bucket";

/** Reports missing parts of a server's configuration, because Prometheus itself does not report them. */
function silentProblems(where: string, text: string, { scrape, rules }: Found): Problem[] {
  const isTemplate = where.endsWith(".tpl");
  const lacks = (section: string, call: string) => !new RegExp(isTemplate ? `${section}|${call}` : section).test(text);
  const found = [
    scrape.length > 0 && lacks("scrape_configs\\s*:\\s*\\S?", "scrapeConfigs")
      ? ["scrape configurations", "scrape_configs:{{scrapeConfigs}}"]
      : [],
    rules.length > 0 && lacks("rule_files", "ruleFiles") ? ["rules", "{{ruleFiles}}"] : [],
  ];
  return found.flatMap(([what, line]) =>
    what === undefined
      ? []
      : [warning("prometheus_ignores", where, `omits the ${what} of the jobs`, `add a line: ${line}`)],
  );
}

/** Directories of a server job that maand writes to. */
const MADE = ["rules/", RUNBOOKS, "consoles/dashboards/"];

function takenPaths({ name, files }: Job): Problem[] {
  return files
    .filter(({ path }) => (reachesWorker(path) || path.endsWith(".tpl")) && MADE.some((made) => path.startsWith(made)))
    .map(({ path }) =>
      error(
        "invalid_prometheus",
        placeOf(name, path),
        "is in a directory where maand writes the rules and pages of all jobs",
        `move it to _prometheus/ of ${name}, or to another directory`,
      ),
    );
}

/** Configurations that are not templates and can therefore be read during a build. */
function plainConfigs({ jobs, read }: ValidateContext) {
  return jobs.flatMap((job) =>
    serverConfigs(job)
      .filter(({ path }) => !path.endsWith(".tpl"))
      .map((file) => ({ where: placeOf(job.name, file.path), text: decoded(read(file)) ?? "" })),
  );
}
