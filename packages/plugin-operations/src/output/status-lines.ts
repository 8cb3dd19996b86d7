import { duration, plural, type Style, visible } from "@maand/command";
import type { BucketStatus, StatusUnit } from "../status/bucket-status.ts";

/** Workers that are named in a line; the others are counted. */
const NAMED = 4;

/** The status of a bucket for people. */
export function statusLines(status: BucketStatus, now: Date, style: Style): string[] {
  const { workers, jobs, leftBehind, pending, inDoubt, unhealthy, drained, lastRun } = status;
  const last = lastRun
    ? `; last run: ${lastRun.command} ${lastRun.outcome ?? "running"}, ${age(lastRun.startedAt, now)} ago`
    : "";
  const isQuiet = leftBehind.length + pending.length + inDoubt.length + unhealthy.length === 0;
  return [
    `${plural(workers, "worker")}, ${plural(jobs, "job")}${last}`,
    ...leftBehind.map(
      ({ host, since, times, reason }) =>
        `${style.bad("left behind")}  ${host} for ${age(since, now)}, by ${plural(times, "deploy")}: ${visible(reason)}`,
    ),
    ...unitLines(inDoubt, style.bad("in doubt   ")),
    ...unitLines(unhealthy, style.bad("unhealthy  ")),
    ...unitLines(
      pending.filter(({ state }) => state !== "in_doubt"),
      style.warn("pending    "),
    ),
    ...(drained.length > 0 ? [`${style.warn("drained    ")}  ${named(drained)}`] : []),
    ...(isQuiet ? [style.good("nothing is pending")] : []),
    ...(pending.length > 0 ? [`  ${style.faint("next:")} maand deploy --dry-run  # shows what a deploy does`] : []),
  ];
}

function unitLines(units: readonly StatusUnit[], mark: string): string[] {
  const groups = new Map<string, string[]>();
  for (const { job, host, state } of units) {
    const key = `${job}: ${state.replace("_", " ")}`;
    groups.set(key, [...(groups.get(key) ?? []), host]);
  }
  return [...groups].map(([text, hosts]) => `${mark}  ${text} on ${named(hosts)}`);
}

function named(hosts: readonly string[]): string {
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${plural(hosts.length - NAMED + 1, "more worker")}`;
}

function age(since: string, now: Date): string {
  return duration(Math.max(0, now.getTime() - Date.parse(since)));
}
