import { plural, visible } from "@maand/command";
import { groupBy } from "@maand/core/readonly";
import type { EndingCertificate } from "../certificates/ending.ts";
import { ageOf } from "./age.ts";
import type { BucketStatus, StatusUnit } from "./bucket-status.ts";

/** The kinds of findings, in the order of urgency. */
export type FindingKind =
  | "running"
  | "failed"
  | "in doubt"
  | "unhealthy"
  | "left behind"
  | "drifted"
  | "certificate"
  | "maintenance"
  | "paused"
  | "rollout"
  | "held"
  | "drained"
  | "unbuilt"
  | "pending";

/** Something that needs attention, or that explains why a deploy changes nothing. */
export interface Finding {
  readonly kind: FindingKind;
  /** Whether it is a problem, needs a decision, or is only information. */
  readonly level: "bad" | "warn" | "info";
  /** One per line. */
  readonly texts: readonly string[];
  /** The next command; undefined where the texts name it. */
  readonly next?: string;
}

/** The number of workers that are named in a text; the others are counted. */
const NAMED = 4;

/** All findings about a bucket, the most urgent first. */
export function findingsOf(status: BucketStatus, now: Date): Finding[] {
  return [
    ...running(status, now),
    ...failed(status, now),
    ...inDoubt(status),
    ...unhealthy(status),
    ...leftBehind(status, now),
    ...drifted(status),
    ...certificates(status),
    ...other(status),
    ...drained(status),
    ...unbuilt(status),
    ...pending(status),
  ];
}

function running({ running: holder }: BucketStatus, now: Date): Finding[] {
  if (!holder) return [];
  const { command, pid, since } = holder;
  const text = `maand ${command} holds the lock, for ${ageOf(since, now)} (process ${pid})`;
  return [{ kind: "running", level: "info", texts: [text], next: "maand logs show --follow" }];
}

const FINE: ReadonlySet<string | null> = new Set(["ok", "paused"]);

/** The last run, if it failed or ended without a result. */
function failed({ lastRun, running: holder }: BucketStatus, now: Date): Finding[] {
  if (!lastRun || FINE.has(lastRun.outcome) || (lastRun.outcome === null && holder)) return [];
  const { command, outcome, startedAt, id } = lastRun;
  const how = outcome === null ? "ended without a result" : (ENDS[outcome] ?? outcome.replaceAll("_", " "));
  const text = `maand ${command} ${how}, ${ageOf(startedAt, now)} ago`;
  return [{ kind: "failed", level: "bad", texts: [text], next: `maand logs show --run ${id.slice(0, 8)}` }];
}

const ENDS: Readonly<Record<string, string>> = { interrupted: "was interrupted", reverted: "was reverted" };

/**
 * Allocations whose last command has no result. While a maand command holds the lock, these commands may still be
 * running.
 */
function inDoubt({ inDoubt: units, running: holder }: BucketStatus): Finding[] {
  if (units.length === 0) return [];
  const what = holder ? "its command has no result yet" : "the result of its last command is unknown";
  const texts = [...byJob(units)].map(([job, hosts]) => `${job} on ${named(hosts)}: ${what}`);
  const finding = { kind: "in doubt", texts } as const;
  return holder
    ? [{ ...finding, level: "info" }]
    : [{ ...finding, level: "bad", next: `maand deploy --jobs ${jobsOf(units)}` }];
}

function unhealthy({ unhealthy: units }: BucketStatus): Finding[] {
  if (units.length === 0) return [];
  const texts = [...byJob(units)].map(([job, hosts]) => `${job} on ${named(hosts)}`);
  return [{ kind: "unhealthy", level: "bad", texts, next: `maand health_check --jobs ${jobsOf(units)}` }];
}

function leftBehind({ leftBehind: workers }: BucketStatus, now: Date): Finding[] {
  if (workers.length === 0) return [];
  const texts = workers.map(
    ({ host, since, times, reason }) =>
      `${host} for ${ageOf(since, now)}, by ${plural(times, "deploy")}: ${visible(reason)}`,
  );
  const next = `maand deploy  # once ${them(workers, "it", "they")} can be reached again`;
  return [{ kind: "left behind", level: "bad", texts, next }];
}

function them(things: readonly unknown[], one: string, many: string): string {
  return things.length === 1 ? one : many;
}

function drifted({ drifted: found }: BucketStatus): Finding[] {
  if (found.length === 0) return [];
  const texts = found.map(({ job, host, reason }) => `${job ?? "metadata"} on ${host}: ${reason}`);
  return [{ kind: "drifted", level: "bad", texts, next: "maand drift --diff" }];
}

function certificates({ certificates: ending }: BucketStatus): Finding[] {
  if (ending.length === 0) return [];
  const ended = ending.some(({ daysLeft }) => daysLeft === null || daysLeft < 0);
  const groups = groupBy(ending, (one) => JSON.stringify([one.job, one.cert, endOf(one)]));
  const texts = [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const hosts = same.flatMap(({ worker }) => worker ?? []);
    return `${first.job === null ? "the certificate authority" : `${first.cert} of ${first.job} on ${named(hosts)}`} ${endOf(first)}`;
  });
  return [{ kind: "certificate", level: ended ? "bad" : "warn", texts, next: "maand cat certs" }];
}

function endOf({ daysLeft }: EndingCertificate): string {
  if (daysLeft === null) return "cannot be read";
  if (daysLeft < 0) return `expired ${plural(-daysLeft, "day")} ago`;
  return daysLeft === 0 ? "expires today" : `expires in ${plural(daysLeft, "day")}`;
}

/** Items that wait for a decision. Their sentences name the next commands. */
function other({ maintenance, rollouts, held }: BucketStatus): Finding[] {
  const finding = (kind: FindingKind, texts: readonly string[]): Finding[] =>
    texts.length === 0 ? [] : [{ kind, level: "warn", texts }];
  return [
    ...finding("maintenance", maintenance ? [maintenance.text] : []),
    ...finding("paused", rolloutTexts(rollouts, true)),
    ...finding("rollout", rolloutTexts(rollouts, false)),
    ...finding(
      "held",
      held.map(({ text }) => text),
    ),
  ];
}

function rolloutTexts(rollouts: BucketStatus["rollouts"], paused: boolean): string[] {
  return rollouts.filter(({ state }) => (state === "paused") === paused).map(({ text }) => text);
}

function drained({ drained: hosts, maintenance }: BucketStatus): Finding[] {
  const inMaintenance = new Set(maintenance?.workers.map(({ host }) => host));
  const own = hosts.filter((host) => !inMaintenance.has(host));
  if (own.length === 0) return [];
  const next = `maand deploy --build  # after you took ${them(own, "it", "them")} out of workspace/disabled.json`;
  return [{ kind: "drained", level: "info", texts: [named(own)], next }];
}

function unbuilt({ unbuilt: parts, isBuilt }: BucketStatus): Finding[] {
  const finding = (text: string, when = ""): Finding[] => [
    { kind: "unbuilt", level: "warn", texts: [text], next: `maand deploy --build${when}` },
  ];
  if (!isBuilt) return finding("the workspace was not built yet", "  # once it has workers and a job");
  return parts.length === 0 ? [] : finding(`the workspace is newer than the build: ${parts.join(", ")}`);
}

/** What a deploy would change, by job and state. Allocations in doubt are listed separately. */
function pending({ pending: all, deployments, unbuilt: parts }: BucketStatus): Finding[] {
  const units = all.filter(({ state }) => state !== "in_doubt" && state !== "paused" && state !== "maintenance");
  if (units.length === 0) return [];
  const versions = new Map(deployments.map((one) => [`${one.job}@${one.host}`, versionsOf(one)]));
  const groups = groupBy(units, ({ job, host, state }) => JSON.stringify([job, state, versions.get(`${job}@${host}`)]));
  const texts = [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const change = versions.get(`${first.job}@${first.host}`);
    const state = STATES[first.state] ?? first.state.replaceAll("_", " ");
    return `${first.job}: ${state} on ${named(same.map(({ host }) => host))}${change === undefined ? "" : ` (${change})`}`;
  });
  const next = parts.length > 0 ? "maand deploy --build --dry-run" : "maand deploy --dry-run";
  return [{ kind: "pending", level: "warn", texts, next: `${next}  # shows what a deploy does` }];
}

const STATES: Readonly<Record<string, string>> = {
  new: "start",
  stopped: "start again",
  removed: "stop and remove",
  disabled_restart: "stopped, and changed since",
};

function versionsOf({ currentVersion, newVersion, rollout }: BucketStatus["deployments"][number]): string | undefined {
  const changes = currentVersion !== newVersion && ["restart", "disabled_restart"].includes(rollout);
  return changes ? `${currentVersion} to ${newVersion}` : undefined;
}

function byJob(units: readonly StatusUnit[]): ReadonlyMap<string, string[]> {
  const groups = groupBy(units, ({ job }) => job);
  return new Map([...groups].map(([job, some]) => [job, some.map(({ host }) => host)]));
}

function jobsOf(units: readonly StatusUnit[]): string {
  return [...new Set(units.map(({ job }) => job))].join(",");
}

function named(hosts: readonly string[]): string {
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${plural(hosts.length - NAMED + 1, "more worker")}`;
}
