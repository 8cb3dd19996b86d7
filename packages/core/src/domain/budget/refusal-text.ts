import type { Away, AwayCause } from "./away.ts";
import type { BudgetRefusal } from "./downtime.ts";
import type { ExclusionRefusal } from "./never-with.ts";

/** Why a request for downtime was refused. */
export type DowntimeRefusal = BudgetRefusal | ExclusionRefusal;

/** The number of names in a message; more would be hard to read. */
const MOST = 5;

/**
 * The refusal in one sentence, which names what uses the budget: `api may have 1 of 3 allocations unavailable, and
 * 10.0.0.2 is drained`.
 */
export function refusalText(refusal: DowntimeRefusal): string {
  if (refusal.kind === "never_with") {
    const { job, other } = refusal;
    return `${job} must not be changed together with ${other.job}, and ${other.what} of ${other.job} is under way`;
  }
  const { job, budget, away, granted } = refusal;
  const parts = [
    ...grouped(away),
    ...(granted.length === 0 ? [] : [`${listed(granted)} ${areOrIs(granted)} going down now`]),
  ];
  return `${job} may have ${budget.size} of ${budget.total} allocations unavailable, and ${parts.join(", ")}`;
}

/** What to do about a refusal. */
export function refusalHint(refusal: DowntimeRefusal): string {
  if (refusal.kind === "never_with") return `wait until ${refusal.other.job} is done, then run the command again`;
  const { job, away, granted } = refusal;
  const [first] = away;
  if (!first) return granted.length > 0 ? "run the command again when it is back" : EMERGENCY;
  return `${STEPS[first.cause](job, first.host)}; ${EMERGENCY}`;
}

const EMERGENCY = "in an emergency, use --ignore-budget";

/** The command that makes an allocation available again, for each cause. */
const STEPS: Readonly<Record<AwayCause, (job: string, host: string) => string>> = {
  drained: (_, host) => `take ${host} out of workspace/disabled.json first, then run maand deploy --build`,
  taken_down: (job, host) => `start it first: maand job start ${job} --allocations ${host}`,
  in_doubt: (job) => `maand deploy --jobs ${job} settles it`,
  failed: (job) => `maand deploy --jobs ${job} retries it`,
  unhealthy: (job) => `maand health_check --jobs ${job} shows what is wrong`,
  suspect: (job) => `maand health_check --jobs ${job} shows what is wrong`,
  unchecked: (job) => `maand deploy --jobs ${job} checks it`,
  unreachable: (_, host) => `bring ${host} back first`,
  stopped: (job) => `maand deploy --jobs ${job} starts it`,
  not_started: (job) => `maand deploy --jobs ${job} starts it`,
};

function grouped(away: readonly Away[]): string[] {
  const groups = new Map<string, string[]>();
  for (const one of away) {
    const key = `${one.cause} ${one.by ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), one.host]);
  }
  return [...groups.values()].map((hosts) => {
    const one = away.find(({ host }) => host === hosts[0]);
    return `${listed(hosts)} ${one ? WORDS[one.cause](hosts.length > 1, one.by ?? "another command") : ""}`;
  });
}

const WORDS: Readonly<Record<AwayCause, (plural: boolean, by: string) => string>> = {
  drained: (plural) => `${plural ? "are" : "is"} drained`,
  taken_down: (plural, by) => `${plural ? "are" : "is"} unavailable because of ${by}`,
  in_doubt: (plural) => `${plural ? "are" : "is"} in doubt`,
  failed: (plural) => `${plural ? "are" : "is"} down, because ${plural ? "their" : "its"} last command failed`,
  unhealthy: (plural) => `${plural ? "are" : "is"} unhealthy`,
  suspect: (plural) => `${plural ? "are" : "is"} in doubt, because the health check of the whole job fails`,
  unchecked: (plural) =>
    `${plural ? "have" : "has"} not been seen healthy since ${plural ? "their" : "its"} last rollout`,
  unreachable: () => "cannot be reached",
  stopped: (plural) => `${plural ? "are" : "is"} enabled again and not started yet`,
  not_started: (plural) => `${plural ? "are" : "is"} not started yet`,
};

function areOrIs(hosts: readonly string[]): string {
  return hosts.length > 1 ? "are" : "is";
}

function listed(hosts: readonly string[]): string {
  const shown = hosts.slice(0, MOST);
  const more = hosts.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ").replace(/, ([^,]+)$/, " and $1");
}
