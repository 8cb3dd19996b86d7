import { createHash, randomBytes } from "node:crypto";
import type { Person } from "./access.ts";

/** A browser that has logged in. */
export interface Session {
  readonly person: Person;
  /** The value of the header that each of its writes must have. */
  readonly csrf: string;
  /** Identifies the session in memory; its cookie is not kept. */
  readonly key: string;
}

interface Kept {
  readonly session: Session;
  lastUsed: number;
}

/** The maximum number of sessions. Beyond it, the least recently used session ends. */
const MOST = 64;
/** Milliseconds without a request after which a session ends. */
const IDLE_MS = 12 * 3_600_000;
/** The validity of a one-time code, in milliseconds. */
const CODE_MS = 15 * 60_000;

/** Random text that cannot be guessed: 256 bits, in characters that are safe in URLs. */
export function randomText(): string {
  return randomBytes(32).toString("base64url");
}

/** The stored form of a secret. Secrets are long and random, so a plain hash cannot be reversed. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/**
 * The sessions and one-time codes of a server, in memory, so they end with it. Codes and cookies are stored and looked
 * up as hashes, so that response times reveal nothing about them.
 */
export class Sessions {
  readonly #now: () => number;
  readonly #sessions = new Map<string, Kept>();
  readonly #codes = new Map<string, { readonly person: Person; readonly until: number }>();

  /** `now`: a clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A new code, which begins one session within 15 minutes. */
  newCode(person: Person): string {
    const code = randomText();
    this.#codes.set(hashOf(code), { person, until: this.#now() + CODE_MS });
    return code;
  }

  /** Uses a code and returns its person; undefined if the code is unknown, used or too old. */
  redeem(code: string): Person | undefined {
    const key = hashOf(code);
    const found = this.#codes.get(key);
    this.#codes.delete(key);
    return found && found.until >= this.#now() ? found.person : undefined;
  }

  /** Begins a session; returns the value of its cookie. */
  begin(person: Person): string {
    const cookie = randomText();
    const key = hashOf(cookie);
    if (this.#sessions.size >= MOST) this.#endOldest();
    this.#sessions.set(key, { session: { person, csrf: randomText(), key }, lastUsed: this.#now() });
    return cookie;
  }

  /** The session of a cookie; undefined if it no longer exists. */
  find(cookie: string): Session | undefined {
    const key = hashOf(cookie);
    const kept = this.#sessions.get(key);
    if (!kept) return undefined;
    if (kept.lastUsed + IDLE_MS < this.#now()) {
      this.#sessions.delete(key);
      return undefined;
    }
    kept.lastUsed = this.#now();
    return kept.session;
  }

  end({ key }: Session): void {
    this.#sessions.delete(key);
  }

  #endOldest(): void {
    const [oldest] = [...this.#sessions].sort(([, a], [, b]) => a.lastUsed - b.lastUsed);
    if (oldest) this.#sessions.delete(oldest[0]);
  }
}
