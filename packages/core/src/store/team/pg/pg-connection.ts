import pg from "pg";
import { type SessionAttributes, serversOf } from "./hosts.ts";
import type { Failure, PgTarget, Query, Row } from "./messages.ts";

/** Waits between two attempts, in milliseconds. */
const PAUSES = [20, 50, 100, 200, 400, 800, 1000] as const;

/**
 * SQLSTATEs after which the same statement might succeed on another connection: connection lost, server starting or
 * stopping.
 */
const PASSING = /^(08...|57P0[1235]|53300|40001|40P01)$/;
/** Errors of the operating system and of the client after which the statement might succeed. */
const PASSING_LOCAL: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOENT", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"],
  ...["CONNECTION_LOST", "NO_ANSWER", "READ_ONLY"],
]);

/** Whether a server may be used for `read-write` and `primary`. */
const IS_FIT: Readonly<Record<Exclude<SessionAttributes, "any">, string>> = {
  "read-write": "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off' AS fit",
  primary: "SELECT NOT pg_is_in_recovery() AS fit",
};
/** The SQLSTATE of a read-only database. Another server in the URL may be writable. */
const IS_READ_ONLY = "25006";

/**
 * One connection to the first usable server of its URL. The connection is opened when it is first needed, and is
 * reopened after a loss. Statements run one after another. A statement whose result is lost might run twice, so all
 * statements are idempotent.
 */
export class PgConnection {
  readonly #target: PgTarget;
  readonly #servers: readonly string[];
  readonly #attributes: SessionAttributes;
  #client: pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isEnded = false;

  constructor(target: PgTarget) {
    const { urls, attributes } = serversOf(target.url) ?? { urls: [target.url], attributes: "any" };
    this.#target = target;
    this.#servers = urls;
    this.#attributes = attributes;
  }

  /** Runs a statement, and retries it until its timeout. */
  query(query: Query): Promise<readonly Row[]> {
    const mine = this.#last.then(() => this.#patiently(query));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Closes the connection after all queued statements. */
  finish(): void {
    this.#last = this.#last.finally(() => this.#drop());
  }

  /** Closes the connection now. A running statement fails and is not retried. */
  end(): void {
    this.#isEnded = true;
    this.#drop();
  }

  /** Converts any thrown value to a code and a message. */
  static failureOf(cause: unknown): Failure {
    const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
    const message = cause instanceof Error ? cause.message || code : String(cause);
    if (code === "" && /terminated unexpectedly|Connection ended|connection is closed|not queryable/i.test(message))
      return { code: "CONNECTION_LOST", message };
    return { code, message };
  }

  async #patiently(query: Query): Promise<readonly Row[]> {
    const end = performance.now() + query.limitMs;
    let failure: unknown;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(query, end);
      } catch (cause) {
        const { code } = PgConnection.failureOf(cause);
        const mayPass = PASSING.test(code) || PASSING_LOCAL.has(code) || this.#mayBeElsewhere(code);
        if (mayPass) this.#drop();
        failure = moreInformative(failure, cause);
        const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)] ?? 1000;
        if (!mayPass || performance.now() + pause > end) throw mayPass ? failure : cause;
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (this.#isEnded) throw cause;
      }
    }
  }

  async #once({ sql, values, attemptMs }: Query, end: number): Promise<readonly Row[]> {
    const limit = Math.max(1, Math.min(attemptMs, end - performance.now()));
    return inTime(limit, async () => {
      const client = await this.#connected(limit);
      const result = await client.query<Row>(sql, [...values]);
      // several statements return several results
      return Array.isArray(result) ? [] : result.rows;
    });
  }

  /** Whether another server might be usable instead: after a failover, the connected server might be a standby. */
  #mayBeElsewhere(code: string): boolean {
    return code === IS_READ_ONLY && this.#attributes !== "any";
  }

  /**
   * Returns the connection, or opens a connection to the first usable server. If no server is usable, throws the most
   * useful of the errors.
   */
  async #connected(limitMs: number): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const each = limitMs / this.#servers.length;
    let failure: unknown;
    for (const server of this.#servers) {
      try {
        return await inTime(each, () => this.#connect(server, each));
      } catch (cause) {
        this.#drop();
        const { code } = PgConnection.failureOf(cause);
        // a wrong password or a missing database would cause the same error on another server
        if (!PASSING.test(code) && !PASSING_LOCAL.has(code)) throw cause;
        failure = moreInformative(failure, cause);
      }
    }
    throw failure;
  }

  async #connect(server: string, limitMs: number): Promise<pg.Client> {
    const { password, application } = this.#target;
    const client = new pg.Client({
      connectionString: withPassword(server, password),
      application_name: application,
      connectionTimeoutMillis: limitMs,
      keepAlive: true,
    });
    client.on("error", () => this.#forget(client));
    client.on("end", () => this.#forget(client));
    this.#client = client;
    try {
      await client.connect();
      await this.#mustBeFit(client);
    } catch (cause) {
      this.#forget(client);
      client.end().catch(() => undefined);
      throw cause;
    }
    return client;
  }

  async #mustBeFit(client: pg.Client): Promise<void> {
    if (this.#attributes === "any") return;
    const { rows } = await client.query<Row>(IS_FIT[this.#attributes]);
    if (rows[0]?.fit !== true)
      throw Object.assign(new Error("no server in the URL accepts writes: they are standbys, or set to read-only"), {
        code: "READ_ONLY",
      });
  }

  #forget(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
  }

  /** Closes the connection without waiting, because the other side might not respond. */
  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => undefined);
  }
}

/** Puts the password into the URL, because a password outside the URL would be ignored. */
function withPassword(url: string, password: string | undefined): string {
  const whole = new URL(url);
  // sslmode has the same meaning as in psql
  if (whole.searchParams.has("sslmode")) whole.searchParams.set("uselibpqcompat", "true");
  if (password !== undefined) whole.password = encodeURIComponent(password);
  return whole.href;
}

/** The more useful error of two failed attempts: a response from a server is more useful than no response. */
function moreInformative(before: unknown, now: unknown): unknown {
  if (before === undefined) return now;
  const { code } = PgConnection.failureOf(now);
  return code === "NO_ANSWER" || PgConnection.failureOf(before).code === "READ_ONLY" ? before : now;
}

async function inTime<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error(`no response for ${Math.round(limitMs)} ms`), { code: "NO_ANSWER" });
    timer = setTimeout(() => reject(error), limitMs);
  });
  const working = work();
  working.catch(() => undefined);
  return Promise.race([working, late]).finally(() => clearTimeout(timer));
}
