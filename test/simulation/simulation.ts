import { mkdirSync, rmSync } from "node:fs";
import { Chaos } from "./chaos.ts";
import { type Command, Controller } from "./controllers/controller.ts";
import { HOSTS, JOBS, type Template } from "./controllers/template.ts";
import type { SimulatedDatabase } from "./database/simulated-database.ts";
import type { Flaw } from "./flaw.ts";
import { Judge, Violation, versionsIn } from "./judge.ts";
import type { SimulatedFleet } from "./workers/plugin.ts";
import { Worker } from "./workers/worker.ts";
import { Killed, SimulatedProcess } from "./world/process.ts";
import { simulateTime } from "./world/simulated-time.ts";
import { World } from "./world/world.ts";

/** The result of a simulation. */
export interface Verdict {
  readonly seed: number;
  /** The problem that was found, if any. */
  readonly problem: string | undefined;
  readonly trace: readonly string[];
}

/** Options of a simulation. */
export interface SimulateOptions {
  readonly seed: number;
  readonly template: Template;
  /** The directory that contains the directories of the machines. */
  readonly directory: string;
  /** A fault to plant; default: none. */
  readonly flaw?: Flaw | undefined;
}

/** The time in milliseconds after which a running simulation counts as failed. */
const LIMIT_MS = 3 * 3600_000;
/** The maximum number of deploys that are needed after the last fault. */
const LAST_DEPLOYS = 8;

/** Two or three machines that use one bucket, its database and its workers, with faults drawn from one seed. */
export class Simulation {
  readonly world: World;
  readonly template: Template;
  readonly directory: string;
  readonly database: SimulatedDatabase;
  readonly workers: ReadonlyMap<string, Worker>;
  readonly judge: Judge;
  readonly faults: Chaos;
  readonly fleet: SimulatedFleet;
  readonly controllers: Controller[] = [];
  readonly #operator = new SimulatedProcess("operator");
  /** The versions of jobs in the repository of their workspace. */
  readonly workspace = new Map<string, number>(JOBS.map((job) => [job, 0]));

  constructor({ seed, template, directory, flaw }: SimulateOptions) {
    this.world = new World(seed);
    this.template = template;
    this.directory = directory;
    this.database = template.database.copy();
    this.database.flaw = flaw;
    const workers = new Map<string, Worker>();
    this.workers = workers;
    this.judge = new Judge(this.world, workers);
    this.database.observer = this.judge;
    const options = { observer: this.judge, flaw };
    for (const host of HOSTS) workers.set(host, new Worker(this.world, host, options));
    this.faults = new Chaos(this);
    this.fleet = { world: this.world, workers, faults: this.faults };
    const count = this.world.random.chance(0.5) ? 2 : 3;
    for (const name of ["a", "b", "c"].slice(0, count)) {
      const skew = this.world.random.chance(0.2) ? this.world.random.between(-600_000, 600_000) : 0;
      this.controllers.push(new Controller(this, name, Math.floor(skew)));
    }
  }

  /** Runs the simulation to its end. Throws a {@link Violation}. */
  async run(): Promise<void> {
    const { world } = this;
    const done = Promise.all(this.controllers.map((controller) => this.#operate(controller)));
    world.after(this.world.random.between(0, 20_000), this.#operator, () => this.faults.go());
    await world.runUntil(done, LIMIT_MS);
    this.#throwIfViolated();
    this.faults.end();
    world.note("no faults from here on");
    const converged = this.#converge();
    await world.runUntil(converged, LIMIT_MS);
    await converged;
    this.#throwIfViolated();
  }

  /** Lets a standby that lacks the last commits take over. */
  failOver(count: number): void {
    const lost = this.database.loseCommits(count);
    this.judge.commitsLost();
    this.world.note(`the database lost ${lost} commits`);
  }

  /** Runs some commands on one machine, and retries failed commands, as an operator does. */
  async #operate(controller: Controller): Promise<void> {
    const { random } = this.world;
    const count = 2 + random.below(2);
    for (let at = 0; at < count; at += 1) {
      await this.world.sleep(random.between(0, 20_000), this.#operator);
      const command = this.#choose();
      let result = await controller.run(command, this.#operator);
      for (let again = 0; result === "BUSY" && again < 4; again += 1) {
        await this.world.sleep(random.between(2000, 20_000), this.#operator);
        result = await controller.run(command, this.#operator);
      }
      await this.#remedy(controller, result);
    }
  }

  #choose(): Command {
    const { random } = this.world;
    const job = random.pick([...JOBS]);
    const kind = random.next();
    if (kind < 0.3) {
      this.workspace.set(job, (this.workspace.get(job) ?? 0) + 1);
      return { kind: "build" };
    }
    if (kind < 0.8) return { kind: "deploy" };
    if (kind < 0.9) return { kind: "maintain", host: random.pick([...HOSTS]) };
    return { kind: "restart", job, host: undefined };
  }

  /** Does what the documentation recommends for an error. */
  async #remedy(controller: Controller, result: string): Promise<void> {
    if (result === "STORE_REVERTED") controller.cloneAgain();
    if (result === "OTHER_COPY") await controller.run({ kind: "adopt" }, this.#operator);
  }

  /** Checks that, after the last fault, some deploys reach the desired state, and the next deploy has nothing to do. */
  async #converge(): Promise<void> {
    const [controller] = this.controllers;
    if (!controller) return;
    await this.#endMaintenance(controller);
    for (const left of [...this.judge.leftByHand.values()]) await this.#startByHand(controller, left);
    const results: string[] = [];
    for (let at = 0; results.at(-1) !== "ok"; at += 1) {
      if (at === LAST_DEPLOYS) throw new Violation(`${LAST_DEPLOYS} deploys did not succeed: ${results.join(", ")}`);
      if (at > 0) await this.world.sleep(40_000, this.#operator);
      if (at > 2 && this.judge.hasLost) await controller.run({ kind: "adopt" }, this.#operator);
      const result = await controller.run({ kind: "deploy", force: this.judge.hasLost }, this.#operator);
      results.push(result);
      await this.#remedy(controller, result);
    }
    const { begun } = this.judge;
    const last = this.controllers.at(-1) ?? controller;
    const again = await last.run({ kind: "deploy" }, this.#operator);
    if (again === "STORE_REVERTED") return;
    if (again !== "ok") throw new Violation(`the deploy of another copy after the last deploy failed with ${again}`);
    if (this.judge.begun > begun) throw new Violation("a deploy after the last deploy ran commands again");
    this.#compare();
  }

  /** Ends maintenance that is in progress, because deploys skip its worker until then. */
  async #endMaintenance(controller: Controller): Promise<void> {
    const results: string[] = [];
    for (let at = 0; !["ok", "PROBLEMS"].includes(results.at(-1) ?? ""); at += 1) {
      if (at === LAST_DEPLOYS) throw new Violation(`maintenance did not end: ${results.join(", ")}`);
      if (at > 0) await this.world.sleep(40_000, this.#operator);
      // a deploy after maintenance updates the worker
      const kind = at < 2 ? "maintain resume" : "maintain abort";
      const result = await controller.run({ kind }, this.#operator);
      results.push(result);
      await this.#remedy(controller, result);
      if (at > 2 && this.judge.hasLost) await controller.run({ kind: "adopt" }, this.#operator);
    }
  }

  /** Runs a failed command by hand again, because no deploy repeats it. */
  async #startByHand(
    controller: Controller,
    { job, host }: { readonly job: string; readonly host: string },
  ): Promise<void> {
    for (let at = 0; at < LAST_DEPLOYS; at += 1) {
      if ((await controller.run({ kind: "restart", job, host }, this.#operator)) === "ok") return;
      await this.world.sleep(40_000, this.#operator);
    }
  }

  /** Checks that the running version is the promoted version and the last built version. */
  #compare(): void {
    const state = this.database.state(this.template.bucketId);
    const wanted = state ? versionsIn(state) : new Map<string, string>();
    for (const job of JOBS)
      for (const host of HOSTS) {
        const running = this.workers.get(host)?.job(job).running;
        const promoted = this.judge.promoted.get(`${job}@${host}`);
        if (running !== wanted.get(job) || promoted !== running)
          throw new Violation(`${job}@${host} runs ${running}, ${promoted} is promoted, ${wanted.get(job)} was built`);
      }
  }

  #throwIfViolated(): void {
    if (this.judge.violation) throw this.judge.violation;
  }
}

/**
 * Runs the simulation of a seed. The same seed always has the same trace. Empties `directory`, and deletes it at the
 * end.
 */
export async function simulate({ seed, template, directory, flaw }: SimulateOptions): Promise<Verdict> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  const simulation = new Simulation({ seed, template, directory, flaw });
  const undo = [simulateTime(simulation.world), withoutPrograms(), ignoreKilled(simulation.world)];
  try {
    await simulation.run();
    return { seed, problem: undefined, trace: simulation.world.trace };
  } catch (cause) {
    const found = simulation.judge.violation ?? cause;
    const problem = found instanceof Violation ? found.message : `the simulation failed: ${textOf(found)}`;
    return { seed, problem, trace: simulation.world.trace };
  } finally {
    for (const step of undo) step();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Simulates a machine without programs such as git, because a real process would take real time. */
function withoutPrograms(): () => void {
  const { PATH } = process.env;
  process.env.PATH = "/nonexistent";
  return () => {
    if (PATH === undefined) delete process.env.PATH;
    else process.env.PATH = PATH;
  };
}

/** Ignores rejections of a simulated process that was killed: the code that would catch them no longer runs. */
function ignoreKilled(world: World): () => void {
  const listener = (cause: unknown) => {
    if (!(cause instanceof Killed)) world.note(`an error was not caught: ${textOf(cause)}`);
  };
  process.on("unhandledRejection", listener);
  return () => void process.off("unhandledRejection", listener);
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
