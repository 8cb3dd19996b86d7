import { randomUUID } from "node:crypto";
import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { MaandError } from "@maand/core/readonly";
import type { Person } from "./access.ts";
import { holderOf, readTokens, type StoredToken, tokensText } from "./tokens.ts";

/** The file that `--tokens` names. It is read again whenever it changes, so that revoking a token ends its sessions. */
export class TokenFile {
  readonly #path: string;
  #mark = "";
  #tokens: readonly StoredToken[] = [];

  /** Throws CONFIG_INVALID for a file that cannot be used, or has no token. */
  constructor(path: string) {
    this.#path = path;
    if (this.#current().length > 0) return;
    throw new MaandError({
      code: "CONFIG_INVALID",
      message: `${path} has no token, so no login would work`,
      hint: `create one with: maand ui token NAME --tokens ${path}`,
      refused: true,
    });
  }

  /** The holder of a token; undefined for an invalid token. */
  personOf(token: string): Person | undefined {
    return holderOf(token, this.#current());
  }

  /** The current permissions of a token's holder; undefined if the token was revoked. */
  now({ name }: Person): Person | undefined {
    const found = this.#current().find((token) => token.name === name);
    return found && { name, allow: found.allow, byToken: true };
  }

  #current(): readonly StoredToken[] {
    const status = statSync(this.#path, { throwIfNoEntry: false });
    const mark = status ? `${status.ino} ${status.mtimeMs} ${status.size}` : "";
    if (mark !== this.#mark) {
      this.#tokens = readTokens(this.#path);
      this.#mark = mark;
    }
    return this.#tokens;
  }
}

/** Replaces the complete file; only the user can read it. */
export function writeTokens(path: string, tokens: readonly StoredToken[]): void {
  const next = `${path}.${randomUUID()}`;
  try {
    writeFileSync(next, tokensText(tokens), { mode: 0o600, flag: "wx" });
    renameSync(next, path);
  } catch (cause) {
    rmSync(next, { force: true });
    throw new MaandError({
      code: "SYSTEM",
      message: `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "name a file in a directory that belongs to you",
      cause,
    });
  }
}
