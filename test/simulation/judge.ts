import { BUDGET } from "./controllers/template.ts";
import type { BucketState, SimulatedLease, SimulatedRecord } from "./database/bucket-state.ts";
import type { DatabaseObserver } from "./database/simulated-database.ts";
import type { SimulatedCommand, Worker, WorkerObserver } from "./workers/worker.ts";
import type { World } from "./world/world.ts";

/** Thrown when an invariant is violated. */
export class Violation extends Error {}

const TAKES_DOWN: ReadonlySet<string> = new Set(["restart", "reload", "stop"]);

/**
 * Observes everything that happens in the database and on the workers, and stores the first violation. Its invariants
 * are the guarantees that operators rely on. It does not depend on the engine.
 */
export class Judge implements WorkerObserver, DatabaseObserver {
  readonly #world: World;
  readonly #workers: ReadonlyMap<string, Worker>;
  readonly #running = new Map<string, SimulatedCommand>();
  /** Steps that ended, with their exit codes. */
  readonly #ended = new Map<string, number>();
  /** For each job, the hosts on which a command took it down and on which it is not up again yet. */
  readonly #down = new Map<string, Set<string>>();
  /** For each host, the largest command number that acted on it. */
  readonly #newest = new Map<string, number>();
  /** The places where steps ran. */
  readonly #places = new Map<string, string>();
  /** The last step that began, by place. */
  readonly #last = new Map<string, string>();
  readonly #promoted = new Map<string, string>();
  #lease: SimulatedLease | undefined;
  /** Whether commits were lost. After that, numbers and versions may be reused. */
  hasLost = false;
  violation: Violation | undefined;
  /** The number of commands that have begun. */
  begun = 0;
  /** Allocations that commands by hand may have left down. No deploy is responsible for them. */
  readonly leftByHand = new Map<string, { readonly job: string; readonly host: string }>();

  constructor(world: World, workers: ReadonlyMap<string, Worker>) {
    this.#world = world;
    this.#workers = workers;
  }

  /** Records that the database lost commits. */
  commitsLost(): void {
    this.hasLost = true;
    this.#lease = undefined;
  }

  taken(lease: SimulatedLease, now: number): void {
    const before = this.#lease;
    this.#world.note(`lease ${lease.number} is taken`);
    if (before && before.nonce !== lease.nonce && now <= (before.expiresAt ?? 0))
      this.#violated(`lease ${lease.number} was taken while lease ${before.number} was held`);
    this.#lease = lease;
  }

  renewed(lease: SimulatedLease): void {
    if (this.#lease?.nonce === lease.nonce) this.#lease = lease;
  }

  released({ number, nonce }: { readonly number: unknown; readonly nonce: unknown }): void {
    this.#world.note(`lease ${number} is released`);
    const lease = this.#lease;
    const isOwn = lease?.nonce === nonce && lease?.number === number;
    if (lease && !isOwn && this.#world.now <= (lease.expiresAt ?? 0))
      this.#violated(`lease ${lease.number} was released by the command with lease ${number}`);
    this.#lease = undefined;
  }

  stored(state: BucketState, rows: readonly SimulatedRecord[]): void {
    this.#world.note(`revision ${state.revision}: ${namesOf(rows)}`);
    for (const { name, row } of rows)
      if (name === "promoted" && row !== null) this.#seePromotion(state, JSON.parse(row));
  }

  began(command: SimulatedCommand): void {
    const { host, job, target, step, by } = command;
    const place = `${job}@${host}`;
    this.begun += 1;
    this.#world.note(`${place} ${target} begins for ${by} ${step ?? "by hand"}`);
    if (this.#running.has(place)) this.#violated(`${target} of ${place} overlaps another command`);
    this.#running.set(place, command);
    if (step === undefined) this.#beginByHand(command);
    else this.#beginStep(step, place);
    this.#mustBeNewest(host, by, `${target} of ${job}`);
    if (TAKES_DOWN.has(target)) this.#takeDown(job, host, target);
  }

  ended(command: SimulatedCommand, code: number | undefined): void {
    const { host, job, target, step } = command;
    this.#running.delete(`${job}@${host}`);
    this.#world.note(`${job}@${host} ${target} ends: ${code ?? "power lost"}`);
    if (step !== undefined && code === 0) this.#ended.set(step, code);
    if (code === 0) this.leftByHand.delete(`${job}@${host}`);
    if (code === 0 && target !== "stop") this.#down.get(job)?.delete(host);
  }

  /**
   * Checks that a successful step does not run again. If the database has lost its result, the step may run again after
   * another step has changed the job there.
   */
  #beginStep(step: string, place: string): void {
    if (this.#ended.has(step) && (!this.hasLost || this.#last.get(place) === step))
      this.#violated(`step ${step} of ${place} runs again after it ended with ${this.#ended.get(step)}`);
    this.leftByHand.delete(place);
    this.#places.set(step, place);
    this.#last.set(place, step);
  }

  /** Forgets the results of earlier steps, which a command by hand makes out of date. */
  #beginByHand({ job, host }: SimulatedCommand): void {
    const place = `${job}@${host}`;
    this.leftByHand.set(place, { job, host });
    for (const [step, at] of this.#places) if (at === place) this.#ended.delete(step);
  }

  synced(host: string, by: string): void {
    this.#world.note(`${host} is synced by ${by}`);
    this.#mustBeNewest(host, by, "a sync");
  }

  fenced(host: string, before: string, after: string): void {
    this.#world.note(`${host} is fenced: ${before || "none"} -> ${after}`);
    if (numberOf(after) <= numberOf(before) && !this.hasLost)
      this.#violated(`${host} accepted the record ${after} after ${before}`);
    this.#newest.set(host, Math.max(numberOf(after), this.#newest.get(host) ?? 0));
  }

  /** The last promoted version of each allocation, by `job@host`. */
  get promoted(): ReadonlyMap<string, string> {
    return this.#promoted;
  }

  #mustBeNewest(host: string, by: string, what: string): void {
    const newest = this.#newest.get(host) ?? 0;
    if (by !== "" && numberOf(by) < newest && !this.hasLost)
      this.#violated(`${what} on ${host} is from command ${by}, after command ${newest} had acted there`);
    if (by !== "") this.#newest.set(host, Math.max(newest, numberOf(by)));
  }

  #takeDown(job: string, host: string, target: string): void {
    const down = this.#down.get(job) ?? new Set<string>();
    this.#down.set(job, down);
    // after an interrupted first start, nothing runs there that could be taken down
    const isUp = !down.has(host) && this.#workers.get(host)?.job(job).running !== undefined;
    if (isUp && down.size + 1 > BUDGET)
      this.#violated(
        `${target} takes ${job}@${host} down while ${[...down].join(", ")} is down; the budget is ${BUDGET}`,
      );
    down.add(host);
  }

  #seePromotion(state: BucketState, row: Readonly<Record<string, unknown>>): void {
    const place = placeOf(state, String(row.allocation));
    const version = String(row.version);
    const before = this.#promoted.get(place);
    if (before === version) return;
    const [job = "", host = ""] = place.split("@");
    const { running } = this.#workers.get(host)?.job(job) ?? {};
    this.#world.note(`${place} is promoted: ${version}`);
    if (running !== version)
      this.#violated(`${place} was promoted to ${version} while ${running ?? "nothing"} ran there`);
    const wanted = versionsIn(state).get(job);
    if (version !== wanted) this.#violated(`${place} was promoted to ${version} while ${wanted} was to be deployed`);
    this.#promoted.set(place, version);
  }

  #violated(text: string): void {
    this.#world.note(`VIOLATION: ${text}`);
    this.violation ??= new Violation(text);
  }
}

/** The job and host of an allocation, according to its row in the database. */
function placeOf({ records }: BucketState, id: string): string {
  for (const { name, row } of records.values()) {
    if (name !== "allocation" || row === null) continue;
    const allocation = JSON.parse(row);
    if (allocation.id === id) return `${allocation.job}@${allocation.host ?? allocation.worker}`;
  }
  return `${id}@?`;
}

function namesOf(rows: readonly SimulatedRecord[]): string {
  return [...new Set(rows.map(({ name }) => name))].join(" ");
}

function numberOf(line: string): number {
  return Number(line.split(" ")[0] || 0);
}

/** The version of each job in the last build. */
export function versionsIn({ records }: BucketState): Map<string, string> {
  const versions = new Map<string, string>();
  for (const { name, row } of records.values()) {
    if (name !== "job" || row === null) continue;
    const { name: job, spec } = JSON.parse(row);
    versions.set(job, JSON.parse(spec).version);
  }
  return versions;
}
