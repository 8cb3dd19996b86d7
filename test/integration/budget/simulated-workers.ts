import { setImmediate as turn } from "node:timers/promises";
import { budgetOf } from "../../../packages/core/src/domain/budget/budget.ts";
import { MaandError } from "../../../packages/core/src/errors.ts";
import type { ActionContext } from "../../../packages/core/src/plugin-api/contexts.ts";
import { definePlugin, type Plugin } from "../../../packages/core/src/plugin-api/plugin.ts";
import { fakeRemote } from "../../../packages/core/src/testing/index.ts";
import { fakeMachines } from "../../../packages/core/src/testing/machines/fake-machines.ts";

/** The real state of an allocation, which maand may not know. `warming`: its command succeeded, but it is not yet healthy. */
export type Truth = "absent" | "up" | "warming" | "down" | "sick";

/** The desired state of a job. */
export interface SimulatedJob {
  readonly version: number;
  readonly batch: number;
  /** The budget; undefined means the default budget. */
  readonly budget: number | `${number}%` | undefined;
}

/** Whether a job has health checks. Without them, maand cannot detect a crash. */
export function hasChecks(job: string): boolean {
  return job !== "db";
}

/** A moment when more of a job was down than its budget allows. */
export interface Violation {
  readonly what: string;
  readonly down: readonly string[];
  readonly size: number;
}

/**
 * Simulated workers that track the availability for clients, and record each violation: a command that takes down more
 * than a budget allows.
 */
export class Simulation {
  readonly truth = new Map<string, Truth>();
  readonly unreachable = new Set<string>();
  readonly violations: Violation[] = [];
  /** The catalog of the last build: the hosts of each job, in the order of placement. */
  readonly placed = new Map<string, ReadonlySet<string>>();
  readonly jobs = new Map<string, SimulatedJob>();
  /** Whether an operator requested the stop of an allocation. */
  isStopRequested: (job: string, host: string) => boolean = () => false;
  /** Allocations that are in doubt according to the records, as `job@host`. They may or may not run. */
  unsure: ReadonlySet<string> = new Set();
  /** Faults: `restart api@10.0.0.1` fails, `sick api@10.0.0.1` comes up unhealthy. */
  readonly faults = new Set<string>();
  /** Called before each change. A throw simulates that maand dies. */
  onChange: () => void = () => undefined;
  /** Whether maand has died. From then on, commands that it started change nothing. */
  isDead = false;
  /** Workers that do not start again after their next reboot. */
  readonly staysAway = new Set<string>();
  readonly #seq = new Map<string, number>();
  readonly #machines = fakeMachines();

  at(job: string, host: string): Truth {
    return this.truth.get(`${job}@${host}`) ?? "absent";
  }

  /** Whether an allocation serves clients. */
  serves(job: string, host: string): boolean {
    return this.at(job, host) === "up" && !this.unreachable.has(host);
  }

  /** Takes an allocation down, as a command does. */
  takeDown(job: string, host: string, what: string): void {
    this.onChange();
    this.#judge(job, host, what);
    if (this.at(job, host) !== "absent") this.truth.set(`${job}@${host}`, "down");
  }

  /** Takes all jobs of a worker down at the same time. */
  takeWorkerDown(host: string, jobs: readonly string[], what: string): void {
    for (const job of jobs) this.takeDown(job, host, what);
  }

  bringUp(job: string, host: string): void {
    const checks = hasChecks(job);
    const comesUpSick = checks && this.faults.has(`sick ${job}@${host}`);
    this.truth.set(`${job}@${host}`, comesUpSick ? "sick" : checks ? "warming" : "up");
  }

  /** Makes a warming allocation healthy, while a check waits for it. */
  warmUp(job: string, host: string): void {
    if (this.at(job, host) === "warming") this.truth.set(`${job}@${host}`, "up");
  }

  /**
   * Records a violation if a command exceeds the budget. An allocation that is already down does not count. The default
   * budget limits only drains, which another test covers; restarts are limited by their batches.
   */
  #judge(job: string, host: string, what: string): void {
    const as = this.jobs.get(job);
    const placed = this.placed.get(job);
    if (as?.budget === undefined || !placed?.has(host)) return;
    if (!this.serves(job, host) || this.isStopRequested(job, host)) return;
    // without checks, it is unknown whether the allocation runs: it counts as down, and a repair must be allowed
    if (!hasChecks(job) && this.unsure.has(`${job}@${host}`)) return;
    const size = budgetOf({ maxConcurrentUpgrades: as.batch, maxUnavailable: as.budget }, placed.size).size;
    const down = [...placed].filter((other) => other !== host && !this.serves(job, other));
    if (down.length + 1 > size) this.violations.push({ what, down, size });
  }

  /** The plugin that simulates the workers. */
  plugin(): Plugin {
    const sim = this;
    const act = async ({ action, job, worker }: ActionContext) => {
      await sim.#run(action.kind, job.name, worker.host);
      return "done" as const;
    };
    return definePlugin({
      name: "simulation",
      apply({ connect, runOnWorker, stage, rollout, reconcile, target, verify }) {
        connect.tapPromise("simulation", async ({ worker: { host, workerId }, root, bucket: { id } }) => {
          if (sim.unreachable.has(host))
            throw new MaandError({ code: "UNREACHABLE", message: `${host} cannot be reached` });
          const worker = () => ({
            stdout: JSON.stringify({ bucket_id: id, worker_id: workerId, update_seq: sim.#seq.get(host) ?? 0 }),
          });
          const answers = ({ line }: { readonly line: string }) =>
            line.endsWith("/worker.json") ? worker() : (sim.#machines.answer(host, line) ?? { stdout: "" });
          return fakeRemote({ host, root, transport: "fake", answers });
        });
        runOnWorker.tapPromise("simulation", async ({ worker: { host }, step }) => {
          const code = await sim.#machines.once(step, async () => sim.#reboot(host));
          return { code, stdout: "", stderr: "", durationMs: 0 };
        });
        stage.tapPromise("simulation", async ({ worker, metadata }) => {
          const text = metadata.get("worker.json");
          if (text !== undefined) sim.#seq.set(worker.host, Number(JSON.parse(text).update_seq));
          return "done" as const;
        });
        rollout.tapPromise("simulation", act);
        reconcile.tapPromise("simulation", act);
        target.tapPromise("simulation", async ({ target: name, job, worker }) => {
          await sim.#run(name, job.name, worker.host);
          return "done" as const;
        });
        verify.tapPromise("simulation", async ({ job, active, wait, report }) => {
          await turn();
          if (!hasChecks(job.name)) return;
          if (wait) for (const { host } of active) sim.warmUp(job.name, host);
          const bad = active.filter(({ host }) => !sim.serves(job.name, host));
          for (const { host } of active)
            report({ host, type: "sim", target: job.name, ok: sim.serves(job.name, host), message: "checked" });
          if (bad.length > 0)
            throw new MaandError({ code: "UNHEALTHY", message: `${job.name} is down on ${bad[0]?.host}` });
        });
      },
    });
  }

  /** Reboots a worker: all its jobs go down, and do not start again by themselves. */
  #reboot(host: string): void {
    if (this.unreachable.has(host))
      throw new MaandError({ code: "DISCONNECTED", message: `${host} cannot be reached` });
    const running = [...this.jobs.keys()].filter((job) => !["absent", "down"].includes(this.at(job, host)));
    this.takeWorkerDown(host, running, `reboot ${host}`);
    if (this.isDead) throw new Error("dead");
    this.#machines.reboot(host);
    if (this.staysAway.delete(host)) this.unreachable.add(host);
  }

  async #run(kind: string, job: string, host: string): Promise<void> {
    const what = `${kind} ${job}@${host}`;
    if (this.unreachable.has(host))
      throw new MaandError({ code: "DISCONNECTED", message: `${host} cannot be reached` });
    if (kind === "remove") {
      this.onChange();
      this.truth.delete(`${job}@${host}`);
      return;
    }
    if (kind === "start") this.onChange();
    else this.takeDown(job, host, what);
    if (this.isDead) throw new Error("dead");
    await turn(); // so that jobs that restart in parallel are down at the same time
    await turn();
    if (this.faults.has(what)) throw new MaandError({ code: "COMMAND_FAILED", message: `${what} failed`, exit: 2 });
    if (kind === "stop") return;
    if (kind !== "start" || !["up", "sick"].includes(this.at(job, host))) this.bringUp(job, host);
  }
}
