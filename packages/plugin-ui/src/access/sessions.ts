import { createHash, randomBytes } from "node:crypto";
import type { Person } from "./access.ts";

/** A browser that has logged in. */
export interface Session {
  readonly person: Person;
  /** Value of the header that each of its writes carries. */
  readonly csrf: string;
  /** Identifies it in memory; its cookie is not kept. */
  readonly key: string;
}

interface Kept {
  readonly session: Session;
  lastUsed: number;
}

/** Sessions at a time; the one that was used least recently ends first. */
const MOST = 64;
/** Milliseconds without a request after which a session ends. */
const IDLE_MS = 12 * 3_600_000;
/** Milliseconds in which a one-time code has to be used. */
const CODE_MS = 15 * 60_000;

/** Random text that cannot be guessed: 256 bits, in characters of URLs. */
export function randomText(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a secret. It is random and long, so that a plain hash cannot be reversed. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/**
 * The sessions and one-time codes of a server, in memory: they end with it. Codes and cookies are kept as hashes and looked up by them, so
 * that the time of an answer says nothing about them.
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

  /** The person of a code, which is used up by this; undefined if it is unknown, used or too old. */
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
