import { error, type Problem, type ValidateContext } from "@maand/core";
import * as v from "valibot";
import { placeOf, sourcesOf } from "../sources.ts";
import { readTextFile } from "../text-file.ts";
import { readYaml, schemaProblems, type YamlFile } from "../yaml-file.ts";
import { expandScrape, withJobName } from "./expand.ts";
import { isProblem, renderSource } from "./render-source.ts";
import { type ScrapeBlocks, ScrapeSchema } from "./schema.ts";
import { isFlaw, isPortTarget, readTarget } from "./target.ts";

type Job = ValidateContext["jobs"][number];

/** The scrape configurations of one job. */
export interface JobScrape {
  readonly job: string;
  /** Its file, as named in problems. */
  readonly where: string;
  /** As written, as JSON with sorted keys. */
  readonly json: string;
  /** The names of its configurations in Prometheus. */
  readonly names: readonly string[];
  /** The expanded configurations, as a YAML list; empty if there is nothing to scrape. */
  readonly yaml: string;
  /** Whether they contain a secret. */
  readonly secret: boolean;
  /** Whether Prometheus gets the configurations; false if all targets are ports of a job without active allocations. */
  readonly included: boolean;
}

/** Reads, checks and expands the scrape configurations of all jobs. */
export function checkScrape(context: ValidateContext): JobScrape[] {
  const owners = new Map<string, string>();
  return context.jobs.flatMap((job) => {
    const read = readScrape(job, context);
    return read ? (checkedScrape(job, read, owners, context) ?? []) : [];
  });
}

interface ReadScrape {
  readonly file: YamlFile;
  readonly secret: boolean;
}

function readScrape(job: Job, { read, kv, report }: ValidateContext): ReadScrape | undefined {
  const [file, other] = sourcesOf(job).scrape;
  if (!file) return undefined;
  const where = placeOf(job.name, file.path);
  if (other) {
    report(
      error("invalid_scrape", where, `exists in addition to ${other.path.split("/").at(-1)}`, "delete one of them"),
    );
    return undefined;
  }
  const text = readTextFile(job.name, file, read, report);
  if (text === undefined) return undefined;
  const rendered = file.path.endsWith(".tpl") ? renderSource(job, text, where, kv(job)) : { text, secret: false };
  if (isProblem(rendered)) {
    report(rendered);
    return undefined;
  }
  const written = { text: rendered.text, where, code: "invalid_scrape", rendered: file.path.endsWith(".tpl") };
  const yaml = readYaml(written, report);
  return yaml && { file: yaml, secret: rendered.secret };
}

function checkedScrape(
  job: Job,
  { file, secret }: ReadScrape,
  owners: Map<string, string>,
  { allocations, report }: ValidateContext,
): JobScrape | undefined {
  const parsed = v.safeParse(ScrapeSchema, file.value);
  const problems = [...(parsed.success ? [] : schemaProblems(file, parsed.issues)), ...discoveryProblems(file)];
  for (const problem of problems) report(problem);
  if (!parsed.success || problems.length > 0) return undefined;
  const blocks = parsed.output;
  const placed = allocations.filter((allocation) => allocation.job === job.name && !allocation.removed);
  const flaws = [...nameProblems(file, job.name, blocks, owners), ...targetProblems(file, job, blocks, placed)];
  for (const flaw of flaws) report(flaw);
  if (flaws.length > 0) return undefined;
  const active = placed.filter(({ disabled }) => !disabled).map(({ host }) => host);
  return {
    job: job.name,
    where: file.where,
    json: sortedJson(file.value),
    names: blocks.map((block) => withJobName(block.job_name, job.name)),
    yaml: expandScrape(file, job, active),
    secret,
    included: active.length > 0 || !blocks.some(usesPorts),
  };
}

/** Service discovery other than by `static_configs`. */
const DISCOVERY = /_sd_configs?$/;

function discoveryProblems(file: YamlFile): Problem[] {
  const blocks = Array.isArray(file.value) ? file.value : [];
  return blocks.flatMap((block: unknown, at) => {
    if (typeof block !== "object" || block === null) return [];
    return Object.keys(block)
      .filter((key) => DISCOVERY.test(key))
      .map((key) => file.problem([at, key], `${key} is not supported: maand knows the workers of each job`, STATIC));
  });
}

const STATIC = "use static_configs with maand:port/<name>; discover other machines in prometheus.yml";

function nameProblems(file: YamlFile, job: string, blocks: ScrapeBlocks, owners: Map<string, string>): Problem[] {
  return blocks.flatMap((block, at) => {
    const name = withJobName(block.job_name, job);
    const owner = owners.get(name);
    owners.set(name, owner ?? job);
    if (owner === undefined) return [];
    const where = owner === job ? "twice in this file" : `also in job ${owner}`;
    return [
      file.problem(
        [at, "job_name"],
        `the name "${name}" is ${where}`,
        "maand:job is replaced by the job's name: maand:job-admin",
      ),
    ];
  });
}

function targetProblems(
  file: YamlFile,
  job: Job,
  blocks: ScrapeBlocks,
  placed: readonly { readonly host: string }[],
): Problem[] {
  return blocks.flatMap(({ static_configs: configs }, block) =>
    configs.flatMap(({ targets }, config) =>
      targets.flatMap((target, at) => {
        const path = [block, "static_configs", config, "targets", at];
        const found = readTarget(target, job);
        if (isFlaw(found)) return [file.problem(path, found.message, found.hint)];
        if (found?.host === undefined || placed.some(({ host }) => host === found.host)) return [];
        const hosts = placed.map(({ host }) => host).join(", ");
        const hint = hosts === "" ? "it has no worker" : `its workers: ${hosts}`;
        return [file.problem(path, `job ${job.name} is not on ${found.host}`, hint)];
      }),
    ),
  );
}

function usesPorts({ static_configs: configs }: ScrapeBlocks[number]): boolean {
  return configs.some(({ targets }) => targets.some(isPortTarget));
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
