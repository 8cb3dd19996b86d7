import { createHash, randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Session } from "./session.ts";

/** A session, and the signal that ends with it. */
export interface Admitted {
  readonly session: Session;
  /** Aborts when its process ended. */
  readonly ended: AbortSignal;
}

/**
 * The tokens of processes: 32 random bytes each, valid until the process ends. They are looked up by their hash, so
 * that response times reveal nothing.
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
   * The session of a request, from its token alone. The headers `X-ALLOCATION-ID`, `EVENT` and `COMMAND` of older
   * clients are ignored, because anyone could forge them.
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
