import fc from "fast-check";
import type { Plan } from "../plan/plan-deploy.ts";

/**
 * A minimal model of a bucket: the state that the operator wants, and therefore the allocations that must run. Tests
 * compare random histories of a bucket with the model, on simulated workers and on real ones.
 */
export interface Wanted {
  readonly jobs: Map<string, WantedJob>;
  readonly hosts: Set<string>;
  readonly disabledHosts: Set<string>;
  readonly disabledJobs: Set<string>;
  /** `job@host` */
  readonly disabledAllocations: Set<string>;
}

export interface WantedJob {
  readonly version: number;
  readonly text: number;
  readonly policy: "always" | "reload" | "never";
  readonly batch: number;
}

/** The changes that the operator makes between two deploys. */
export type Change =
  | { readonly do: "job"; readonly job: string; readonly as: WantedJob }
  | { readonly do: "remove"; readonly job: string }
  | { readonly do: "worker"; readonly host: string }
  | { readonly do: "drain-worker"; readonly host: string }
  | { readonly do: "drain-job"; readonly job: string }
  | { readonly do: "drain"; readonly job: string; readonly host: string };

/** The operations that write a bucket's workspace. */
export interface EditedBucket {
  workers(hosts: readonly string[]): void;
  job(name: string, manifest: Readonly<Record<string, unknown>>, files: Readonly<Record<string, string>>): void;
  removeJob(name: string): void;
  disable(disabled: unknown): void;
}

/** The names that a model uses. */
export interface Names {
  readonly jobs: readonly string[];
  readonly hosts: readonly string[];
}

export function nothingWanted({ hosts }: Names): Wanted {
  return {
    jobs: new Map(),
    hosts: new Set(hosts),
    disabledHosts: new Set(),
    disabledJobs: new Set(),
    disabledAllocations: new Set(),
  };
}

/** An arbitrary change. Changes to jobs are the most frequent. */
export function aChange({ jobs, hosts }: Names): fc.Arbitrary<Change> {
  const job = fc.constantFrom(...jobs);
  const host = fc.constantFrom(...hosts);
  const as = fc.record({
    version: fc.nat(2),
    text: fc.nat(1),
    policy: fc.constantFrom("always" as const, "reload" as const, "never" as const),
    batch: fc.integer({ min: 1, max: 3 }),
  });
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant("job" as const), job, as }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), job }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("worker" as const), host }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drain-worker" as const), host }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drain-job" as const), job }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drain" as const), job, host }) },
  );
}

export function want(wanted: Wanted, change: Change): void {
  if (change.do === "job") wanted.jobs.set(change.job, change.as);
  else if (change.do === "remove") wanted.jobs.delete(change.job);
  else if (change.do === "worker") toggle(wanted.hosts, change.host);
  else if (change.do === "drain-worker") toggle(wanted.disabledHosts, change.host);
  else if (change.do === "drain-job") toggle(wanted.disabledJobs, change.job);
  else toggle(wanted.disabledAllocations, `${change.job}@${change.host}`);
}

function toggle(set: Set<string>, name: string): void {
  if (!set.delete(name)) set.add(name);
}

/**
 * Writes the wanted state into the workspace, as the operator would. If both jobs exist, the second depends on the
 * first.
 */
export function write(
  bucket: EditedBucket,
  wanted: Wanted,
  { jobs }: Names,
  more: Readonly<Record<string, string>> = {},
): void {
  bucket.workers([...wanted.hosts]);
  for (const [at, name] of jobs.entries()) {
    const as = wanted.jobs.get(name);
    bucket.job(name, {}, {});
    bucket.removeJob(name);
    if (as === undefined) continue;
    const demanded = at === 1 && wanted.jobs.has(jobs[0] ?? "") ? jobs[0] : undefined;
    bucket.job(name, manifestOf(as, demanded), { ...more, "app.conf": textOf(as) });
  }
  const alone = [...wanted.disabledAllocations].map((allocation) => allocation.split("@"));
  bucket.disable({
    // a name that does not exist is refused, because it may be a typo
    workers: [...wanted.disabledHosts].filter((host) => wanted.hosts.has(host)),
    jobs: Object.fromEntries(
      jobs.flatMap((name): [string, object][] => {
        if (!wanted.jobs.has(name)) return [];
        if (wanted.disabledJobs.has(name)) return [[name, {}]];
        const allocations = alone.flatMap(([job, host = ""]) => (job === name && wanted.hosts.has(host) ? [host] : []));
        return allocations.length > 0 ? [[name, { allocations }]] : [];
      }),
    ),
  });
}

function manifestOf(as: WantedJob, demanded: string | undefined): Readonly<Record<string, unknown>> {
  const demands = demanded === undefined ? {} : { demands: { job: demanded, command: "command_ready" } };
  return {
    version: versionOf(as),
    selectors: ["worker"],
    restart_policy: as.policy,
    max_concurrent_upgrades: as.batch,
    commands: { command_ready: { executed_on: ["cli"], ...demands } },
  };
}

export const versionOf = ({ version }: WantedJob): string => `1.${version}.0`;
export const textOf = ({ text }: WantedJob): string => `text ${text}\n`;

/** The allocations that must run after a deploy in which nothing failed: `job@host`, sorted. */
export function wantedRunning(wanted: Wanted): string[] {
  return [...wanted.jobs.keys()]
    .flatMap((name) => [...wanted.hosts].map((host) => ({ name, host, allocation: `${name}@${host}` })))
    .filter(
      ({ name, host, allocation }) =>
        !wanted.disabledJobs.has(name) &&
        !wanted.disabledHosts.has(host) &&
        !wanted.disabledAllocations.has(allocation),
    )
    .map(({ allocation }) => allocation)
    .sort();
}

/** The operations on workers that a plan lists: `stop api@10.0.0.1`, ... sorted. */
export function promised(plan: Plan): string[] {
  const stopping = plan.stopping.flatMap(({ job: { name }, allocation, stop, remove }) => [
    ...(stop ? [`stop ${name}@${allocation.host}`] : []),
    ...(remove ? [`remove ${name}@${allocation.host}`] : []),
  ]);
  const rest = plan.waves.flatMap((wave) =>
    wave.jobs.flatMap(({ job: { name }, allocations }) =>
      allocations
        .filter(({ decision }) => ["start", "restart", "reload"].includes(decision.action))
        .map(({ decision, allocation }) => `${decision.action} ${name}@${allocation.host}`),
    ),
  );
  return [...stopping, ...rest].sort();
}
