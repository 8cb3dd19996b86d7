import type { Job, JobCommand } from "./job.ts";
import { manifestFile } from "./manifest.ts";
import { didYouMean } from "./names.ts";
import { error, type Report } from "./problem.ts";
import { sequence } from "./sequence.ts";
import { compareVersions, NO_VERSION, parseVersion, type Version } from "./version.ts";

type Demanding = Pick<Job, "name" | "version" | "commands">;

/** Checks what jobs demand of each other (build.md 7.2) and answers each job's wave; circles are reported. */
export function resolveDemands(jobs: readonly Demanding[], report: Report): ReadonlyMap<string, number> {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  for (const job of jobs) {
    for (const command of job.commands) if (command.demands) checkDemand(job, command, command.demands, byName, report);
  }
  const demands = new Map(
    jobs.map((job) => [job.name, job.commands.flatMap((command) => (command.demands ? [command.demands.job] : []))]),
  );
  const { waves, circle } = sequence(demands);
  if (circle) {
    const hint = "take one of these demands out";
    report(
      error(
        "circular_demand",
        `${manifestFile(circle[0] ?? "")}: commands`,
        `jobs demand each other in a circle: ${circle.join(" -> ")}`,
        hint,
      ),
    );
  }
  return waves;
}

function checkDemand(
  job: Demanding,
  command: JobCommand,
  demands: NonNullable<JobCommand["demands"]>,
  byName: ReadonlyMap<string, Demanding>,
  report: Report,
): void {
  const where = `${manifestFile(job.name)}: commands.${command.name}.demands`;
  const upstream = byName.get(demands.job);
  if (!upstream) {
    report(
      error(
        "invalid_demand",
        `${where}.job`,
        `there is no job "${demands.job}"`,
        didYouMean(demands.job, byName.keys()),
      ),
    );
    return;
  }
  const commands = upstream.commands.map((candidate) => candidate.name);
  if (!commands.includes(demands.command)) {
    const hint = didYouMean(demands.command, commands) ?? `its commands: ${commands.join(", ") || "none"}`;
    report(
      error("invalid_demand", `${where}.command`, `job ${upstream.name} has no command "${demands.command}"`, hint),
    );
  }
  for (const needed of [job, upstream]) {
    if (needed.version !== NO_VERSION) continue;
    report(
      error(
        "invalid_version",
        `${manifestFile(needed.name)}: version`,
        `job ${needed.name} needs a version, since ${job.name} demands ${upstream.name}`,
        'write "version": "1.0.0"',
      ),
    );
  }
  checkRange(upstream, demands.config, where, report);
}

function checkRange(
  upstream: Demanding,
  config: Readonly<Record<string, unknown>>,
  where: string,
  report: Report,
): void {
  const min = bound(config.min_version, `${where}.config.min_version`, report);
  const max = bound(config.max_version, `${where}.config.max_version`, report);
  const version = parseVersion(upstream.version);
  if (min && max && compareVersions(min, max) > 0) {
    report(error("invalid_demand", `${where}.config`, "min_version is higher than max_version", "exchange them"));
  } else if (version && ((min && compareVersions(version, min) < 0) || (max && compareVersions(version, max) > 0))) {
    const range = [config.min_version, config.max_version].map((text) => text ?? "any").join(" to ");
    report(
      error(
        "demand_version_mismatch",
        `${where}.config`,
        `job ${upstream.name} has version ${upstream.version}, wanted is ${range}`,
        `change the version of ${upstream.name} or the demand`,
      ),
    );
  }
}

function bound(value: unknown, where: string, report: Report): Version | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === "string" ? value.trim() : Number.isInteger(value) ? String(value) : "";
  const version = parseVersion(text);
  if (!version)
    report(error("invalid_version", where, `${JSON.stringify(value)} is not a version`, "write it as 1.2.3"));
  return version;
}
