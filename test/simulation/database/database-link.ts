import { databaseError } from "../../../packages/core/src/store/team/pg/database-error.ts";
import type { Beat, PgTarget, Row } from "../../../packages/core/src/store/team/pg/messages.ts";
import type { Patience, Statements } from "../../../packages/core/src/store/team/pg/statements.ts";
import { Killed, type SimulatedProcess } from "../world/process.ts";
import type { Event, World } from "../world/world.ts";
import type { SimulatedDatabase } from "./simulated-database.ts";

/** The faults between a process and the database. */
export interface DatabaseFaults {
  /** Whether the process can reach the database now. */
  reaches(process: SimulatedProcess): boolean;
  /** Whether faults happen at all. */
  readonly areOn: boolean;
  /** Whether the process may be killed in the middle of a statement. */
  readonly kill: boolean;
}

/** The fault of one attempt to run a statement, if any. */
type Fate = "answered" | "request lost" | "answer lost" | "late" | "killed before" | "killed after";

/** Milliseconds between two attempts. */
const PAUSE_MS = 200;

/**
 * The connection of a process to the simulated database. It can lose requests and answers, deliver a request too late,
 * and fail to reach the database. It retries like the real connection.
 */
export class DatabaseLink implements Statements {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #database: SimulatedDatabase;
  readonly #faults: DatabaseFaults;
  readonly #target: PgTarget;
  readonly #patience: Patience;
  readonly #arrived: { readonly renewal: Renewal; readonly beat: Beat }[] = [];
  /** The heartbeats that have not ended. */
  readonly #beats = new Set<Renewal>();
  trips = 0;

  constructor(
    { world, process, database, faults }: LinkEnds,
    { target, patience }: { readonly target: PgTarget; readonly patience: Patience },
  ) {
    this.#world = world;
    this.#process = process;
    this.#database = database;
    this.#faults = faults;
    this.#target = target;
    this.#patience = patience;
  }

  query(sql: string, values: readonly unknown[], patience = this.#patience): readonly Row[] {
    this.#process.mustLive();
    this.trips += 1;
    const end = this.#world.now + patience.limitMs;
    for (;;) {
      const rows = this.#attempt(sql, values, Math.min(patience.attemptMs, end - this.#world.now));
      if (rows) return rows;
      if (this.#world.now + PAUSE_MS > end) break;
      this.#world.block(PAUSE_MS);
    }
    this.#note("no answer", sql);
    throw databaseError(this.#target.url, { code: "NO_ANSWER", message: "no response in time" });
  }

  send(sql: string, values: readonly unknown[]): Promise<void> {
    return new Promise((resolve) => {
      const run = () => {
        this.#database.execute(sql, values, this.#world.now);
        resolve();
      };
      this.#world.outside(this.#world.random.delay(), run);
    });
  }

  /** Renews regularly. A renewal that is on its way when the heartbeat ends still reaches the database. */
  beat(sql: string, values: readonly unknown[], everyMs: number, onBeat: (beat: Beat) => void): () => void {
    const renewal: Renewal = { sql, values, everyMs, onBeat, timer: undefined };
    this.#beats.add(renewal);
    this.#renewLater(renewal);
    return () => this.#endBeat(renewal);
  }

  receive(): void {
    for (const { renewal, beat } of this.#arrived.splice(0)) if (this.#beats.has(renewal)) renewal.onBeat(beat);
  }

  close(): void {
    for (const renewal of [...this.#beats]) this.#endBeat(renewal);
  }

  #endBeat(renewal: Renewal): void {
    this.#beats.delete(renewal);
    if (renewal.timer) renewal.timer.isCancelled = true;
  }

  #renewLater(renewal: Renewal): void {
    if (!this.#beats.has(renewal)) return;
    renewal.timer = this.#world.outside(renewal.everyMs, () => this.#renew(renewal), this.#process);
  }

  /** One attempt; undefined if it got no answer. */
  #attempt(sql: string, values: readonly unknown[], limitMs: number): readonly Row[] | undefined {
    const world = this.#world;
    if (!this.#faults.reaches(this.#process)) {
      world.block(world.random.chance(0.5) ? 1 : limitMs);
      return undefined;
    }
    const fate = this.#fate();
    world.block(world.random.between(0.2, 3));
    if (fate === "killed before") this.#kill(sql);
    if (fate === "request lost" || fate === "late") {
      const run = () => {
        this.#note("runs late", sql);
        this.#database.execute(sql, values, world.now);
      };
      if (fate === "late") world.outside(world.random.between(limitMs, 3 * limitMs), run);
      this.#note(fate, sql);
      world.block(fate === "late" ? limitMs : 1);
      return undefined;
    }
    const rows = this.#database.execute(sql, values, world.now);
    if (fate === "killed after") this.#kill(sql);
    world.block(world.random.between(0.2, 3));
    if (fate === "answered") return rows;
    this.#note(fate, sql);
    return undefined;
  }

  #fate(): Fate {
    const { areOn, kill } = this.#faults;
    const draw = this.#world.random.next();
    if (!areOn || draw > 0.03) return "answered";
    if (draw < 0.004 && kill) return draw < 0.002 ? "killed before" : "killed after";
    return draw < 0.012 ? "request lost" : draw < 0.024 ? "answer lost" : "late";
  }

  #kill(sql: string): never {
    this.#note("killed during", sql);
    this.#process.kill();
    throw new Killed(this.#process.name);
  }

  /** Sends a renewal, as the database thread does, without waiting for the main thread, which gets the answer later. */
  #renew(renewal: Renewal): void {
    const { sql, values, everyMs } = renewal;
    const world = this.#world;
    const sent = world.now;
    const end = (renewed: boolean | undefined) => {
      this.#arrived.push({ renewal, beat: { renewed, sent } });
      world.after(0, this.#process, () => this.receive());
      this.#renewLater(renewal);
    };
    const isLost = this.#faults.areOn && world.random.chance(0.02);
    if (isLost || !this.#faults.reaches(this.#process)) {
      world.outside(everyMs, () => end(undefined), this.#process);
      return;
    }
    const wait = this.#faults.areOn ? world.random.delay() : 1;
    world.outside(wait, () => {
      const renewed = this.#database.execute(sql, values, world.now)[0]?.renewed === true;
      if (!renewed) world.note(`${this.#process.name} cannot renew its lease`);
      end(renewed);
    });
  }

  #note(what: string, sql: string): void {
    this.#world.note(`${this.#process.name} ${what}: ${/maand\.\w+/.exec(sql)?.[0] ?? sql.slice(0, 20)}`);
  }
}

/** The two ends of a connection. */
export interface LinkEnds {
  readonly world: World;
  readonly process: SimulatedProcess;
  readonly database: SimulatedDatabase;
  readonly faults: DatabaseFaults;
}

/** A heartbeat. */
interface Renewal {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly everyMs: number;
  readonly onBeat: (beat: Beat) => void;
  /** The next renewal, unless one is on its way. */
  timer: Event | undefined;
}
