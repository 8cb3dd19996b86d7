import { type JobFile, type KvReader, MaandError } from "@maand/core";
import { NAMESPACE } from "@maand/core/toolbox";

/**
 * The data that a build publishes for the jobs that run Prometheus. Contributions of other jobs are in the KV namespace
 * `maand/prometheus`; scrape configurations with secrets are in the secrets of each server job instead.
 */

/** Keys of `maand/prometheus`. */
const KEY = {
  configs: "scrape_configs",
  jobs: "scrape_jobs",
  count: "scrape_jobs_length",
  files: "files",
  groups: "rule_groups",
} as const;

const SCRAPE = "scrape/";
const EXPANDED = "expanded/";

/** The prefix of the keys in the secrets of a server job. */
export const SECRET_PREFIX = "maand_scrape/";

/** A file in `_prometheus/` of a job that a server job gets. */
export interface PublishedFile extends JobFile {
  readonly job: string;
}

/** The data that jobs publish for Prometheus. */
export interface Published {
  readonly scrape: readonly {
    readonly job: string;
    readonly json: string;
    readonly yaml: string;
    readonly secret: boolean;
    readonly included: boolean;
    readonly names: readonly string[];
  }[];
  /** Rules, runbooks, dashboards and `.dashboardignore`, by job and path. */
  readonly files: readonly PublishedFile[];
  /** The number of rule groups in the files, including maand's own. */
  readonly groups: number;
  /** Whether there is a server job. */
  readonly active: boolean;
}

/** The data without a server job. */
export const NOTHING: Published = { scrape: [], files: [], groups: 0, active: false };

/** The entries of `maand/prometheus`. */
export function entriesOf({ scrape, files, groups, active }: Published): Record<string, string> {
  const included = scrape.filter((one) => one.included);
  const open = scrape.filter(({ secret }) => !secret);
  const configs = included.filter(({ secret }) => !secret).map(({ json }) => json.slice(1, -1));
  return {
    [KEY.configs]: `[${configs.join(",")}]`,
    [KEY.jobs]: included.map(({ job }) => job).join(","),
    [KEY.count]: String(included.length),
    ...Object.fromEntries(open.map(({ job, json }) => [`${SCRAPE}${job}`, json])),
    ...Object.fromEntries(open.filter((one) => one.included).map(({ job, yaml }) => [`${EXPANDED}${job}`, yaml])),
    ...(active ? { [KEY.files]: JSON.stringify(files), [KEY.groups]: String(groups) } : {}),
  };
}

/** The entries in a server job's secrets. */
export function secretEntriesOf({ scrape }: Published): Record<string, string> {
  const hidden = scrape.filter(({ secret, included }) => secret && included);
  return Object.fromEntries(hidden.map(({ job, yaml }) => [`${SECRET_PREFIX}${job}`, yaml]));
}

/** The expanded scrape configurations of one job; undefined if the reader may not read them. */
export function expandedOf(kv: Pick<KvReader, "find">, job: string, reader: string): string | undefined {
  return (
    kv.find(NAMESPACE.prometheus, `${EXPANDED}${job}`) ?? kv.find(NAMESPACE.secrets(reader), `${SECRET_PREFIX}${job}`)
  );
}

/** Jobs with scrape configurations, in name order. */
export function scrapeJobsOf(kv: Pick<KvReader, "find">): string[] {
  const jobs = kv.find(NAMESPACE.prometheus, KEY.jobs) ?? "";
  return jobs === "" ? [] : jobs.split(",");
}

/** Whether there was a server job in the last build. */
export function isActive(kv: Pick<KvReader, "find">): boolean {
  return kv.find(NAMESPACE.prometheus, KEY.files) !== undefined;
}

/** The number of rule groups that a server job gets; undefined if the last build did not record it. */
export function groupCountOf(kv: Pick<KvReader, "find">): number | undefined {
  const text = kv.find(NAMESPACE.prometheus, KEY.groups);
  return text === undefined ? undefined : Number(text);
}

/** The files that a server job gets. */
export function filesOf(kv: Pick<KvReader, "find">): PublishedFile[] {
  const text = kv.find(NAMESPACE.prometheus, KEY.files);
  if (text === undefined) return [];
  const files: unknown = JSON.parse(text);
  if (Array.isArray(files) && files.every(isPublishedFile)) return files;
  throw new MaandError({
    code: "RENDER_FAILED",
    message: `the KV entry ${NAMESPACE.prometheus} ${KEY.files} cannot be parsed`,
    hint: "run maand build",
  });
}

function isPublishedFile(value: unknown): value is PublishedFile {
  if (typeof value !== "object" || value === null) return false;
  return ["job", "path", "hash"].every((key) => typeof Reflect.get(value, key) === "string");
}
