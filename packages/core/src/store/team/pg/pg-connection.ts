import pg from "pg";
import type { Failure, PgTarget, Query, Row } from "./messages.ts";

/** Waits between two attempts, in milliseconds. */
const PAUSES = [20, 50, 100, 200, 400, 800, 1000] as const;

/** SQLSTATEs after which the same statement may succeed on another connection: connection lost, server starting or stopping. */
const PASSING = /^(08...|57P0[1235]|53300|40001|40P01)$/;
/** The same for errors of the operating system and of the client. */
const PASSING_LOCAL: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOENT", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"],
  ...["CONNECTION_LOST", "NO_ANSWER"],
]);

/**
 * One connection, which is made when needed and made again when lost. Statements run one after another. A statement may run twice, if
 * its answer is lost: all of them are written so that the second time changes nothing.
 */
export class PgConnection {
  readonly #target: PgTarget;
  #client: pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(target: PgTarget) {
    this.#target = target;
  }

  /** Runs a statement, and tries again for as long as its limit allows. */
  query(query: Query): Promise<readonly Row[]> {
    const mine = this.#last.then(() => this.#patiently(query));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Closes the connection after the statements that were given. */
  finish(): void {
    this.#last = this.#last.finally(() => this.#drop());
  }

  end(): void {
    this.#drop();
  }

  /** Any thrown value as code and message. */
  static failureOf(cause: unknown): Failure {
    const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
    const message = cause instanceof Error ? cause.message || code : String(cause);
    if (code === "" && /terminated unexpectedly|Connection ended|connection is closed|not queryable/i.test(message))
      return { code: "CONNECTION_LOST", message };
    return { code, message };
  }

  async #patiently(query: Query): Promise<readonly Row[]> {
    const end = performance.now() + query.limitMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(query, end);
      } catch (cause) {
        const { code } = PgConnection.failureOf(cause);
        const mayPass = PASSING.test(code) || PASSING_LOCAL.has(code);
        if (mayPass) this.#drop();
        const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)] ?? 1000;
        if (!mayPass || performance.now() + pause > end) throw cause;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #once({ sql, values, attemptMs }: Query, end: number): Promise<readonly Row[]> {
    const limit = Math.max(1, Math.min(attemptMs, end - performance.now()));
    return inTime(limit, async () => {
      const client = await this.#connected(limit);
      const result = await client.query<Row>(sql, [...values]);
      // several statements have several results
      return Array.isArray(result) ? [] : result.rows;
    });
  }

  async #connected(limitMs: number): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const { url, password, application } = this.#target;
    const client = new pg.Client({
      connectionString: withPassword(url, password),
      application_name: application,
      connectionTimeoutMillis: limitMs,
      keepAlive: true,
    });
    client.on("error", () => this.#forget(client));
    client.on("end", () => this.#forget(client));
    this.#client = client;
    try {
      await client.connect();
    } catch (cause) {
      this.#forget(client);
      throw cause;
    }
    return client;
  }

  #forget(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
  }

  /** Closes without waiting: the other side may not answer. */
  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => undefined);
  }
}

/** A password beside the URL would be ignored. */
function withPassword(url: string, password: string | undefined): string {
  const whole = new URL(url);
  // sslmode means what it means to psql
  if (whole.searchParams.has("sslmode")) whole.searchParams.set("uselibpqcompat", "true");
  if (password !== undefined) whole.password = encodeURIComponent(password);
  return whole.href;
}

async function inTime<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error(`no answer for ${Math.round(limitMs)} ms`), { code: "NO_ANSWER" });
    timer = setTimeout(() => reject(error), limitMs);
  });
  const working = work();
  working.catch(() => undefined);
  return Promise.race([working, late]).finally(() => clearTimeout(timer));
}
