import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runReporter } from "../../../packages/core/src/bucket/bucket.ts";
import type { OpenedBucket } from "../../../packages/core/src/bucket/open.ts";
import { controlJob } from "../../../packages/core/src/jobs/control-job.ts";
import { requestDowntime, settle } from "../../../packages/core/src/run/budget/arbiter.ts";
import { checkHealth } from "../../../packages/core/src/run/check-health.ts";
import { openCommandRun } from "../../../packages/core/src/run/command-run.ts";
import { scopedJobContext } from "../../../packages/core/src/run/scope/scoped-job-context.ts";
import { aBucket, type TestBucket } from "../../../packages/core/src/testing/index.ts";
import {
  abortMaintenance,
  resumeMaintenance,
  startMaintenance,
} from "../../../packages/plugin-maintenance/src/maintain.ts";
import { hasChecks, type SimulatedJob, Simulation } from "./simulated-workers.ts";

/** An event in the life of a bucket. */
export type Step =
  | { readonly do: "job"; readonly job: string; readonly as: SimulatedJob }
  | {
      readonly do: "drain";
      readonly hosts: readonly string[];
      readonly named: readonly string[];
      readonly whole: boolean;
    }
  | { readonly do: "hosts"; readonly hosts: readonly string[] }
  | {
      readonly do: "deploy";
      readonly force: boolean;
      readonly fault?: string | undefined;
      readonly dies?: number | undefined;
    }
  | {
      readonly do: "control";
      readonly job: string;
      readonly target: string;
      readonly hosts: readonly string[];
      readonly dies?: number | undefined;
    }
  | { readonly do: "reboot"; readonly hosts: readonly string[]; readonly ends: "back" | "away" | "killed" }
  | {
      readonly do: "maintain";
      readonly verb: "start" | "resume" | "abort";
      readonly hosts: readonly string[];
      readonly concurrency: number;
      readonly onFailure: "stop" | "continue";
      /** The worker that does not start again after its reboot. */
      readonly away?: string | undefined;
      readonly fault?: string | undefined;
      readonly dies?: number | undefined;
    }
  | { readonly do: "crash"; readonly job: string; readonly host: string }
  | { readonly do: "heal"; readonly job: string; readonly host: string }
  | { readonly do: "unreachable"; readonly host: string }
  | { readonly do: "reachable"; readonly host: string };

type Command = Exclude<Step, { do: "job" | "drain" | "hosts" | "crash" | "heal" | "unreachable" | "reachable" }>;

/** A path that bypasses the arbiter, to check that the property finds the violation. */
export type Skipped = "deploy" | "control" | "reboot" | "maintain";

/** A bucket with simulated workers. Its steps are actions of operators, and failures. */
export class Life {
  readonly sim = new Simulation();
  readonly bucket: TestBucket;
  readonly #skipped: Skipped | undefined;
  #hosts: readonly string[];
  #drained = { hosts: [] as readonly string[], named: [] as readonly string[], whole: false };

  constructor(hosts: readonly string[], skipped?: Skipped) {
    this.#hosts = hosts;
    this.#skipped = skipped;
    this.bucket = aBucket();
    Object.assign(this.bucket.fleet, { plugin: this.sim.plugin() }); // replaces the fake workers, which are always healthy
  }

  async live(step: Step): Promise<void> {
    const { sim } = this;
    if (step.do === "job") sim.jobs.set(step.job, step.as);
    else if (step.do === "drain") this.#drained = step;
    else if (step.do === "hosts") this.#hosts = step.hosts;
    else if (step.do === "crash") this.#crash(step.job, step.host);
    else if (step.do === "heal") this.#heal(step.job, step.host);
    else if (step.do === "unreachable") sim.unreachable.add(step.host);
    else if (step.do === "reachable") sim.unreachable.delete(step.host);
    else await this.#command(step);
  }

  dispose(): void {
    this.bucket.dispose();
  }

  #crash(job: string, host: string): void {
    if (hasChecks(job) && this.sim.at(job, host) !== "absent") this.sim.truth.set(`${job}@${host}`, "down");
  }

  /** An operator repairs an allocation by hand. A job that was stopped on purpose stays down. */
  #heal(job: string, host: string): void {
    if (this.sim.at(job, host) === "sick") this.sim.truth.set(`${job}@${host}`, "up");
  }

  async #command(step: Command): Promise<void> {
    await this.#build();
    await this.#open(async ({ store }) => {
      const recorded = store.promoted.recorded();
      const down = new Set(store.downtimes.all().map(({ allocation }) => allocation));
      const unsure = store.catalog.allocations().filter(({ id }) => down.has(id) || recorded.get(id)?.unsettled);
      this.sim.unsure = new Set(unsure.map(({ job, host }) => `${job}@${host}`));
    });
    if (step.do === "reboot") return this.#reboot(step.hosts, step.ends);
    this.sim.faults.clear();
    if (step.do !== "control" && step.fault !== undefined) this.sim.faults.add(step.fault);
    await this.#mayDie(step.dies, async () => {
      if (step.do === "maintain") await this.#maintain(step);
      else if (step.do === "deploy")
        await this.bucket.deploy({ force: step.force, ignoreBudget: this.#skipped === "deploy" });
      else await this.#control(step);
    });
  }

  async #control({ job, target, hosts }: Extract<Step, { do: "control" }>): Promise<void> {
    await this.#open(async (bucket) => {
      const control = { jobs: [job], target, workers: hosts, healthCheck: false };
      const active = bucket.store.catalog
        .allocations()
        .filter((one) => one.job === job && !one.disabled && !one.removed);
      const isWhole = target === "stop" && (hosts.length === 0 || active.every(({ host }) => hosts.includes(host)));
      this.sim.isStopRequested = (name) => isWhole && name === job;
      await controlJob(bucket, { ...control, ignoreBudget: this.#skipped === "control" }).catch(() => undefined);
    });
  }

  /** Starts maintenance that drains, reboots and starts workers, or resumes or aborts the last maintenance. A refusal changes nothing. */
  async #maintain({ verb, hosts, concurrency, onFailure, away }: Extract<Step, { do: "maintain" }>): Promise<void> {
    this.sim.isStopRequested = () => false;
    this.sim.staysAway.clear();
    if (away !== undefined) this.sim.staysAway.add(away);
    const ignoreBudget = this.#skipped === "maintain";
    const request = { reboot: true, keepDrained: false, concurrency, onFailure, returnMs: 0, commandMs: 1000 };
    await this.#open(async (bucket) => {
      const ended =
        verb === "start"
          ? startMaintenance(bucket, { workers: hosts, flag: "--workers", request, ignoreBudget })
          : verb === "resume"
            ? resumeMaintenance(bucket, { ignoreBudget })
            : abortMaintenance(bucket);
      await ended.catch(() => undefined);
    });
  }

  /** Does the same as `maand run_command --health_check`: requests downtime, takes the workers down, waits for health, settles. */
  async #reboot(hosts: readonly string[], ends: "back" | "away" | "killed"): Promise<void> {
    await this.#open(async (bucket) => {
      const run = openCommandRun(bucket, runReporter(bucket, "run_command"), { pid: bucket.pid });
      run.budget.isIgnored = this.#skipped === "reboot";
      try {
        const units = hosts.flatMap((host) => {
          const active = (run.allocationsOn.get(host) ?? []).filter(({ disabled }) => !disabled);
          return active.length === 0 ? [] : [{ host, jobs: active.map(({ job }) => job) }];
        });
        const kind = { kind: "worker", by: "maand run_command", recordAs: "restart", isFresh: true } as const;
        const { granted } = await requestDowntime(run, { ...kind, units });
        const ran = granted.flatMap(({ host, jobs }) =>
          jobs.filter((job) => !["absent", "down"].includes(this.sim.at(job, host))).map((job) => ({ job, host })),
        );
        for (const { host, jobs } of granted) this.sim.takeWorkerDown(host, jobs, `reboot ${host}`);
        if (ends !== "back") return;
        for (const { job, host } of ran) this.sim.bringUp(job, host); // jobs that were stopped stay stopped
        const checks = run.catalog.jobs.map((job) => {
          const active = (run.allocationsOf.get(job.name) ?? []).filter(({ disabled }) => !disabled);
          return checkHealth(run, scopedJobContext(run, job), active, true);
        });
        if ((await Promise.all(checks)).every(({ verdict }) => verdict !== "failed")) settle(run, granted);
      } finally {
        await run.end();
      }
    });
  }

  async #build(): Promise<void> {
    const { bucket, sim } = this;
    bucket.workers(...this.#hosts);
    for (const [name, as] of sim.jobs)
      bucket.job(name, {
        ...{ version: `1.${as.version}.0`, selectors: ["worker"], max_concurrent_upgrades: as.batch },
        ...(as.budget === undefined ? {} : { max_unavailable: as.budget }),
      });
    const { whole } = this.#drained;
    const there = (hosts: readonly string[]) => hosts.filter((host) => this.#hosts.includes(host)); // maand refuses other hosts
    const [hosts, named] = [there(this.#drained.hosts), there(this.#drained.named)];
    const first = [...sim.jobs.keys()][0];
    const jobs = first === undefined ? {} : whole ? { [first]: {} } : { [first]: { allocations: named } };
    bucket.disable({ workers: hosts, jobs });
    await bucket.build();
    for (const name of sim.jobs.keys()) sim.placed.set(name, new Set(this.#hosts));
    const isWhole = whole || this.#hosts.every((one) => named.includes(one));
    sim.isStopRequested = (job) => job === first && isWhole;
  }

  async #open<T>(work: (bucket: OpenedBucket) => Promise<T>): Promise<T | undefined> {
    const bucket = await this.bucket.open();
    try {
      return await work(bucket);
    } finally {
      bucket.close();
    }
  }

  /**
   * Runs a command, and may kill maand during it. The store then keeps its state from the beginning of the nth change to a
   * worker.
   */
  async #mayDie(nth: number | undefined, work: () => Promise<void>): Promise<void> {
    const { root } = this.bucket;
    const left = mkdtempSync(join(dirname(root), `${basename(root)}-left-`));
    let count = 0;
    this.sim.isDead = false;
    this.sim.onChange = () => {
      if (this.sim.isDead) throw new Error("dead");
      count += 1;
      if (count !== nth) return;
      cpSync(root, left, { recursive: true });
      this.sim.isDead = true;
    };
    await work();
    const hasDied = this.sim.isDead;
    this.sim.isDead = false;
    this.sim.onChange = () => undefined;
    if (hasDied) {
      rmSync(root, { recursive: true });
      renameSync(left, root);
    } else rmSync(left, { recursive: true });
  }
}
