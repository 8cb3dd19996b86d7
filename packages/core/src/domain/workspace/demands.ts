import { error, type Report } from "../checks/problem.ts";
import { shown } from "../checks/validate.ts";
import { compareVersions, NO_VERSION, parseVersion, type Version } from "../deploy/version.ts";
import { manifestFile } from "../manifest/manifest.ts";
import type { Job } from "./job.ts";
import { didYouMean } from "./names.ts";
import { sequence } from "./sequence.ts";

type Demanding = Pick<Job, "name" | "version" | "commands">;
type Jobs = ReadonlyMap<string, Demanding>;

/** One demand, and its position. */
interface Demand {
  readonly from: Demanding;
  readonly on: string;
  readonly command: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly where: string;
}

/**
 * Checks the demands between jobs and returns each job's wave; cycles are reported. Demands on `unread` jobs are not
 * reported, because those jobs exist, but their manifests were refused.
 */
export function resolveDemands(
  jobs: readonly Demanding[],
  report: Report,
  unread: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, number> {
  const byName: Jobs = new Map(jobs.map((job) => [job.name, job]));
  const demands = jobs.flatMap(demandsOf).filter((demand) => !unread.has(demand.on));
  for (const demand of demands) checkDemand(demand, byName, report);
  checkVersions(demands, byName, report);
  const edges = new Map(jobs.map((job) => [job.name, demandsOf(job).map((demand) => demand.on)]));
  reportCycles(edges, report);
  return sequence(edges).waves;
}

function demandsOf(from: Demanding): Demand[] {
  return from.commands.flatMap(({ name, demands }) => {
    const where = `${manifestFile(from.name)}: commands.${name}.demands`;
    return demands ? [{ from, on: demands.job, command: demands.command, config: demands.config, where }] : [];
  });
}

/** Reports cycles that have no job in common, all at once, so that they can be fixed together. */
function reportCycles(edges: ReadonlyMap<string, readonly string[]>, report: Report): void {
  const left = new Map(edges);
  for (let { cycle } = sequence(left); cycle; { cycle } = sequence(left)) {
    report(
      error(
        "circular_demand",
        `${manifestFile(cycle[0] ?? "")}: commands`,
        `jobs depend on each other in a cycle: ${cycle.join(" -> ")}`,
        "remove one of these demands",
      ),
    );
    for (const job of cycle) left.delete(job);
  }
}

function checkDemand(demand: Demand, jobs: Jobs, report: Report): void {
  const { from, on, command, where } = demand;
  const upstream = jobs.get(on);
  if (!upstream) {
    const others = [...jobs.keys()].filter((name) => name !== from.name);
    const hint = didYouMean(on, others) ?? "name a job of this workspace, or remove the demand";
    report(error("invalid_demand", `${where}.job`, `there is no job "${on}"`, hint));
    return;
  }
  const commands = upstream.commands.map((candidate) => candidate.name);
  if (!commands.includes(command)) {
    const hint = didYouMean(command, commands) ?? `its commands: ${commands.join(", ") || "none"}`;
    report(error("invalid_demand", `${where}.command`, `job ${on} has no command "${command}"`, hint));
  }
  checkRange(demand, upstream, report);
}

/** Reports jobs without a version that take part in a demand, once for each job. */
function checkVersions(demands: readonly Demand[], jobs: Jobs, report: Report): void {
  const reported = new Set<string>();
  for (const { from, on } of demands) {
    for (const needed of [from, jobs.get(on)]) {
      if (needed?.version !== NO_VERSION || !jobs.has(on) || reported.has(needed.name)) continue;
      reported.add(needed.name);
      const message = `job ${needed.name} needs a version, because ${from.name} depends on ${on}`;
      report(error("invalid_version", `${manifestFile(needed.name)}: version`, message, 'write "version": "1.0.0"'));
    }
  }
}

function checkRange({ config, where }: Demand, upstream: Demanding, report: Report): void {
  const min = bound(config.min_version, `${where}.config.min_version`, report);
  const max = bound(config.max_version, `${where}.config.max_version`, report);
  const version = parseVersion(upstream.version);
  if (min && max && compareVersions(min, max) > 0) {
    report(error("invalid_demand", `${where}.config`, "min_version is higher than max_version", "swap them"));
  } else if (version && ((min && compareVersions(version, min) < 0) || (max && compareVersions(version, max) > 0))) {
    report(
      error(
        "demand_version_mismatch",
        `${where}.config`,
        `job ${upstream.name} has version ${upstream.version}, but ${range(config)} is required`,
        `change the version of ${upstream.name} or the demand`,
      ),
    );
  }
}

function range({ min_version: min, max_version: max }: Demand["config"]): string {
  if (max === undefined) return `${min} or later`;
  return min === undefined ? `${max} or earlier` : `${min} to ${max}`;
}

function bound(value: unknown, where: string, report: Report): Version | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === "string" ? value.trim() : Number.isInteger(value) ? String(value) : "";
  const version = parseVersion(text);
  if (!version) report(error("invalid_version", where, `${shown(value)} is not a version`, 'write it as "1.2.3"'));
  return version;
}
