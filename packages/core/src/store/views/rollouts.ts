import { releaseName } from "../../domain/release/release.ts";
import {
  nextCommands,
  type OpenRollout,
  type StepState,
  stepName,
  stepState,
} from "../../domain/rollout/open-rollout.ts";
import type { Job } from "../../domain/workspace/job.ts";
import type { Store } from "../store.ts";

/** A staged rollout that is not complete: one row of `maand rollout status`. */
export interface RolloutView {
  readonly job: string;
  /** `r14`, and the version in its manifest. */
  readonly release: string;
  readonly version: string;
  /** `r12`, the release that an abort restores; undefined if unknown. */
  readonly previous: string | undefined;
  readonly state: StepState;
  /** Counted from 1. */
  readonly step: number;
  readonly steps: readonly string[];
  readonly since: string;
  readonly until: string | undefined;
  readonly startedAt: string;
  readonly startedBy: string;
  /** Hosts of active allocations that run the release, and hosts of those that do not, in worker order. */
  readonly released: readonly string[];
  readonly waiting: readonly string[];
  /** A summary sentence with the next commands. */
  readonly text: string;
}

/** The staged rollouts that are not complete, of some jobs or of all, from the store alone. */
export function openRollouts(store: Store, selected: readonly string[] = []): RolloutView[] {
  const all = store.rollouts.all().filter(({ job }) => selected.length === 0 || selected.includes(job));
  if (all.length === 0) return [];
  const { jobs, allocations } = store.catalog.read();
  const recorded = store.promoted.recorded();
  return all.flatMap((open) => {
    const job = jobs.find(({ name }) => name === open.job);
    if (job?.release !== open.release) return [];
    const active = allocations.filter((one) => one.job === job.name && !one.removed && !one.disabled);
    const isReleased = ({ id }: { readonly id: string }) => {
      const { promoted } = recorded.get(id) ?? {};
      return promoted?.release === open.release && !promoted.stopped;
    };
    const released = active.filter(isReleased).map(({ host }) => host);
    const waiting = active.filter((one) => !isReleased(one)).map(({ host }) => host);
    return [viewOf(job, open, { released, waiting })];
  });
}

function viewOf(job: Job, open: OpenRollout, hosts: Pick<RolloutView, "released" | "waiting">): RolloutView {
  const { steps = [] } = job.rollout ?? {};
  const { previous, step, since, until, startedAt, startedBy } = open;
  return {
    job: job.name,
    release: releaseName(open.release),
    version: job.version,
    previous: previous === undefined ? undefined : releaseName(previous),
    state: stepState(steps[step]),
    step: Math.min(step + 1, steps.length),
    steps,
    ...{ since, until, startedAt, startedBy, ...hosts },
    text: textOf(job, open, hosts),
  };
}

const WHAT: Readonly<Record<StepState, string>> = {
  paused: "is paused at",
  waiting: "waits at",
  under_way: "is not complete, at",
};

function textOf(
  { name, version, rollout }: Job,
  { release, previous, step, since, until, startedBy }: OpenRollout,
  { released, waiting }: Pick<RolloutView, "released" | "waiting">,
): string {
  const steps = rollout?.steps ?? [];
  const state = stepState(steps[step]);
  const at = stepName(steps, Math.min(step, steps.length - 1));
  const all = released.length + waiting.length;
  const where = `r${release} (${version}) runs on ${released.length} of ${all} ${all === 1 ? "worker" : "workers"}`;
  const when = state === "waiting" && until !== undefined ? `until ${minute(until)}` : `since ${minute(since)}`;
  const next =
    state === "paused" ? nextCommands(name, previous) : `maand deploy continues; maand rollout abort ${name} goes back`;
  return `${name} ${WHAT[state]} ${at} ${when}: ${where}, started by ${startedBy}; ${next}`;
}

function minute(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}
