import { createHash, randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Session } from "./session.ts";

/** A session, and what ends with it. */
export interface Admitted {
  readonly session: Session;
  /** Aborts when its process ended. */
  readonly ended: AbortSignal;
}

/**
 * Who may call: a token for each process, 32 random bytes, good until that process ends. Tokens are looked up by their
 * hash, so that how long it takes tells nothing about them.
 */
export class Tokens {
  readonly #admitted = new Map<string, Admitted>();

  get count(): number {
    return this.#admitted.size;
  }

  admit(admitted: Admitted): string {
    const token = randomBytes(32).toString("base64url");
    this.#admitted.set(hashOf(token), admitted);
    return token;
  }

  revoke(token: string): void {
    this.#admitted.delete(hashOf(token));
  }

  /**
   * Whose request this is, by its token alone. `X-ALLOCATION-ID`, `EVENT` and `COMMAND`, which older clients send along,
   * are not looked at: anybody could write anything there (D11).
   */
  find(headers: IncomingHttpHeaders): Admitted | undefined {
    const [, bearer] = /^Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? "") ?? [];
    const token = bearer ?? headers["x-maand-token"];
    return typeof token === "string" ? this.#admitted.get(hashOf(token)) : undefined;
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
