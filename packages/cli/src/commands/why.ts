import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import {
  demandedJobs,
  type Plan,
  planDeploy,
  refuseUnknown,
  type StoredCatalog,
  selectWorkers,
} from "@maand/core/internal";
import { HEALTH_UNCHECKED } from "../output/deploy/plan.ts";
import { rolloutCommands } from "../output/deploy/step-lines.ts";

/** What the next deploy would do to one allocation, and why. */
interface Answer {
  readonly job: string;
  readonly worker_ip: string;
  readonly action: string;
  readonly reasons: readonly string[];
}

const WILL: Readonly<Record<string, string>> = {
  start: "will be started",
  restart: "will be restarted",
  reload: "will be reloaded",
  sync: "will get its files without a restart",
  skip: "will not change",
  stop: "will be stopped",
  promote: "will be recorded and remain stopped",
  "stop+promote": "will be stopped; new version recorded, not applied",
  remove: "will be stopped and removed",
  wait: "will not change yet",
  undecided: "will be planned once its pre_deploy has run",
};

/** `maand why`. */
export class WhyCommand extends EngineCommand {
  static override paths = [["why"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show what the next deploy would do to a job, and why",
    examples: [
      ["On all workers", "maand why api"],
      ["On one worker", "maand why api 10.0.0.2"],
    ],
  });

  job = Option.String({ required: true, name: "job" });
  worker = Option.String({ required: false, name: "worker" });

  override async work(): Promise<number> {
    const records = await this.withEngine(async (bucket) => {
      const catalog = bucket.store.catalog.read();
      const names = [...catalog.jobs, ...catalog.removedJobs].map(({ name }) => name);
      refuseUnknown("job", "job", [this.job], names);
      const hosts = this.#hosts(catalog);
      const plan = await planDeploy(bucket, { jobs: [], force: false, syncOnly: false });
      this.warnOfUnbuilt(plan.unbuilt);
      this.warnOfHolds(plan.held.filter(({ job }) => job === this.job));
      const all = answersOf(plan, catalog, this.job);
      return all.filter(({ worker_ip }) => this.worker === undefined || hosts.includes(worker_ip));
    });
    if (this.json) this.printJson(records);
    else if (records.length === 0) this.print(`${this.#unit} has no allocation, so a deploy does nothing`);
    else
      for (const { job, worker_ip, action, reasons } of records)
        this.print(`${job} on ${worker_ip} ${WILL[action] ?? action}: ${reasons.join("; ")}`);
    return 0;
  }

  get #unit(): string {
    return this.worker === undefined ? this.job : `${this.job} on ${this.worker}`;
  }

  /** The requested workers; an unknown name is refused. */
  #hosts({ workers, removedWorkers }: StoredCatalog): string[] {
    const wanted = this.worker === undefined ? [] : [this.worker];
    return selectWorkers([...workers, ...removedWorkers], "worker", wanted).map(({ worker }) => worker.host);
  }
}

function answersOf(plan: Plan, catalog: StoredCatalog, name: string): Answer[] {
  const failure = plan.failures.find(({ job }) => job === name);
  if (failure) throw new MaandError(failure);
  const undecided = plan.undecided.find(({ job }) => job.name === name);
  const planned = plan.waves.flatMap((wave) => wave.jobs).find(({ job }) => job.name === name);
  const beside = planned ? besides(plan, planned) : [];
  const kept = (planned?.allocations ?? []).map(
    ({ allocation, decision }): Answer => ({
      job: name,
      worker_ip: allocation.host,
      action: decision.action,
      reasons: [...decision.reasons, ...restartOf(decision.matched), ...beside],
    }),
  );
  const later = (planned?.steps?.waiting ?? []).map(
    ({ allocation: { host } }): Answer => ({
      job: name,
      worker_ip: host,
      action: "wait",
      reasons: planned ? [waitsFor(planned)] : [],
    }),
  );
  const waiting = (undecided ? catalog.allocations : [])
    .filter(({ job, removed }) => job === name && !removed)
    .map(
      ({ host }): Answer => ({ job: name, worker_ip: host, action: "undecided", reasons: [needsPreDeploy(undecided)] }),
    );
  const stopped = plan.stopping
    .filter(({ job }) => job.name === name)
    .map(
      ({ job, allocation, remove, reason }): Answer => ({
        job: job.name,
        worker_ip: allocation.host,
        action: remove ? "remove" : "stop",
        reasons: [reason],
      }),
    );
  const known = new Set([...kept, ...later, ...stopped].map(({ worker_ip }) => worker_ip));
  const cleaned = catalog.allocations
    .filter(({ job, host, removed }) => job === name && removed && !known.has(host))
    .map(({ host }): Answer => ({ job: name, worker_ip: host, action: "skip", reasons: [CLEANED] }));
  return [
    ...kept,
    ...later,
    ...waiting,
    ...stopped.filter(({ worker_ip }) => !kept.some((answer) => answer.worker_ip === worker_ip)),
    ...cleaned,
  ];
}

/** The pause of a staged rollout before an allocation. */
function waitsFor({ job, steps }: Pick<Planned, "job" | "steps">): string {
  const written = job.rollout?.steps ?? [];
  const at = steps?.parts.at(-1)?.step ?? 0;
  const state = steps?.state === "paused" ? "is paused" : "will pause";
  return `the rollout of r${job.release} ${state} at step ${at + 1} of ${written.length}; ${rolloutCommands(job.name)}`;
}

function needsPreDeploy(undecided: Plan["undecided"][number] | undefined): string {
  return `${undecided?.message}; maand deploy --dry-run --with-hooks runs its pre_deploy and shows the changes`;
}

const CLEANED = "it was removed, stopped and cleaned up; maand gc deletes its data and records";

function restartOf(matched: readonly string[]): string[] {
  return matched.length === 0 ? [] : [`restarted instead of reloaded, because of ${matched.join(", ")}`];
}

type Planned = Plan["waves"][number]["jobs"][number];

/** Reasons that apply to the whole job: its hooks, and the jobs it depends on. */
function besides(plan: Plan, { job, required, preDeploy, afterPending, healthPending }: Planned): string[] {
  const all = plan.waves.flatMap((wave) => wave.jobs);
  const waits = demandedJobs(job).flatMap((demanded) => {
    const failure = plan.failures.find((entry) => entry.job === demanded);
    if (failure) return [`blocked by ${demanded}, which cannot be planned: ${failure.message}`];
    const first = required && all.some((entry) => entry.job.name === demanded && entry.required);
    return first ? [`after ${demanded}, which it depends on; blocked if ${demanded} fails`] : [];
  });
  return [
    ...(healthPending ? [HEALTH_UNCHECKED] : []),
    ...(afterPending ? ["its post_deploy has not run yet"] : []),
    ...(preDeploy !== "none" ? ["pre_deploy runs first and may change this"] : []),
    ...waits,
  ];
}
