import type { Simulation } from "./simulation.ts";
import type { SimulatedProcess } from "./world/process.ts";

/**
 * The kinds of faults. Each simulation uses only some of them, because the others would hide the effects of a
 * combination.
 */
export const FAULTS = ["kill", "interrupt", "freeze", "database", "network", "power", "failover"] as const;
export type Fault = (typeof FAULTS)[number];

/** Decides which faults happen now. */
export class Chaos {
  readonly kinds: ReadonlySet<Fault>;
  areOn = true;
  /** The time until which no process reaches the database. */
  #databaseBack = 0;
  /**
   * The time until which a controller does not reach the database or a worker, by the name of the controller and of the
   * other end.
   */
  readonly #cutUntil = new Map<string, number>();
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    const { random } = simulation.world;
    this.#simulation = simulation;
    const rare = { failover: 0.12 } as Partial<Record<Fault, number>>;
    this.kinds = new Set(FAULTS.filter((kind) => random.chance(rare[kind] ?? 0.6)));
  }

  get kill(): boolean {
    return this.kinds.has("kill");
  }

  /** Whether a process reaches the database, or with `host` a worker. */
  reaches(process: SimulatedProcess, host = "database"): boolean {
    const { now } = this.#simulation.world;
    if (host === "database" && now < this.#databaseBack) return false;
    return now >= (this.#cutUntil.get(`${controllerOf(process)} ${host}`) ?? 0);
  }

  /** Ends all faults. */
  end(): void {
    this.areOn = false;
    this.#databaseBack = 0;
    this.#cutUntil.clear();
    for (const { running } of this.#simulation.controllers) if (running) running.process.frozenUntil = 0;
  }

  /** Causes faults from time to time, until {@link end}. */
  go(): void {
    const { world } = this.#simulation;
    if (!this.areOn) return;
    const [first, ...rest] = [...this.kinds];
    if (first !== undefined) this.#happen(world.random.pick([first, ...rest]));
    world.outside(world.random.between(500, 20_000), () => this.go());
  }

  #happen(kind: Fault): void {
    const { world, controllers, workers } = this.#simulation;
    const { random } = world;
    const controller = controllers[random.below(controllers.length)];
    const running = controller?.running;
    // a lease lasts 30 seconds
    const ms = random.chance(0.4) ? random.between(100, 5000) : random.between(5000, 80_000);
    const host = [...workers.keys()][random.below(workers.size)] ?? "";
    if (kind === "kill" && running) running.process.kill();
    else if (kind === "freeze" && running) running.process.frozenUntil = world.now + ms;
    else if (kind === "interrupt" && running) world.after(0, running.process, () => running.interrupt.abort());
    else if (kind === "database" && random.chance(0.3)) this.#databaseBack = world.now + Math.min(ms, 30_000);
    else if (kind === "database") this.#cutUntil.set(`${controller?.name} database`, world.now + ms);
    else if (kind === "network") this.#cutUntil.set(`${controller?.name} ${host}`, world.now + ms);
    else if (kind === "power") workers.get(host)?.losePower();
    else if (kind === "failover") this.#simulation.failOver(1 + random.below(2));
    else return;
    world.note(`fault: ${kind} ${running?.process.name ?? ""} ${host} ${ms.toFixed(0)}`);
  }
}

/** The name of a process's controller: the first letter of the process's name. */
function controllerOf({ name }: SimulatedProcess): string {
  return name.slice(0, 1);
}
