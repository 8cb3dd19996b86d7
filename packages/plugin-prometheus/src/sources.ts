import type { Job, JobFile } from "@maand/core";

/** The directory of a job with its files for Prometheus; it is never synced to the workers of the job itself. */
export const FOLDER = "_prometheus/";

/** The port of a server job for its API and its pages. */
export const SERVER_PORT = "prometheus_port_http";

/** Configuration files of Prometheus directly in a job's directory; a job with one of them is a server job. */
const CONFIGS: readonly string[] = ["prometheus.yml", "prometheus.yml.tpl"];

/** The files in `_prometheus/` of one job, by kind. */
export interface Sources<File extends Named = JobFile> {
  /** `scrape.yaml` and `scrape.yaml.tpl`; a job has at most one of them. */
  readonly scrape: readonly File[];
  readonly rules: readonly File[];
  readonly runbooks: readonly File[];
  /** Without `.dashboardignore`. */
  readonly dashboards: readonly File[];
  /** `.dashboardignore`. */
  readonly ignore: readonly File[];
  /** Files of none of these kinds. */
  readonly others: readonly File[];
}

type Named = Pick<JobFile, "path">;

/** The kinds of files in `_prometheus/`, as typed after `maand cat prometheus get <job>`. */
export const KINDS = ["scrape", "alerts", "runbooks", "dashboards"] as const;

/** The configuration files of Prometheus that a job has. */
export function serverConfigs({ files }: Pick<Job, "files">): JobFile[] {
  return files.filter(({ path }) => CONFIGS.includes(path));
}

/** Whether a job runs a Prometheus server: it has `prometheus.yml` or `prometheus.yml.tpl`. */
export function isServer(job: Pick<Job, "files">): boolean {
  return job.files.some(({ path }) => CONFIGS.includes(path));
}

/** Sorts the files in `_prometheus/` of a job. */
export function sourcesOf<File extends Named>({ files }: { readonly files: readonly File[] }): Sources<File> {
  const own = files.filter(({ path }) => path.startsWith(FOLDER));
  const of = (kind: keyof Sources) => own.filter(({ path }) => kindOf(path.slice(FOLDER.length)) === kind);
  return {
    scrape: of("scrape"),
    rules: of("rules"),
    runbooks: of("runbooks"),
    dashboards: of("dashboards"),
    ignore: of("ignore"),
    others: of("others"),
  };
}

function kindOf(path: string): keyof Sources {
  if (path === "scrape.yaml" || path === "scrape.yaml.tpl") return "scrape";
  if (/^alerts\/.*\.ya?ml$/.test(path)) return "rules";
  if (/^runbooks\/.*\.md$/.test(path)) return "runbooks";
  if (path === ".dashboardignore" || path === "dashboards/.dashboardignore") return "ignore";
  return path.startsWith("dashboards/") ? "dashboards" : "others";
}

/** The place of a job's file, as named in problems. */
export function placeOf(job: string, path: string): string {
  return `workspace/jobs/${job}/${path}`;
}

/** A runbook's name, from its path, as in the annotation `runbook` of an alert. */
export function runbookName(path: string): string {
  return path.slice(`${FOLDER}runbooks/`.length, -".md".length);
}

/** A rule file's path in `rules/<job>/` of the server job. */
export function ruleFileName(path: string): string {
  return path.slice(`${FOLDER}alerts/`.length);
}

/** A dashboard's path in `consoles/dashboards/<job>/` of the server job. */
export function dashboardName(path: string): string {
  return path.slice(`${FOLDER}dashboards/`.length);
}
