import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MaandError } from "../../errors.ts";
import { runKeyCommand } from "../../trust/key-command.ts";
import { readPlain } from "../../trust/plain-text.ts";

const MARK = "enc:v1:";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FINGERPRINT_DIGITS = 16;

/** The variable that contains the key, as base64 or as 64 hexadecimal digits. */
export const KEY_VARIABLE = "MAAND_KV_KEY";

/** The sources of the key other than the file. */
export interface KeyOrigin {
  /** `kv_key_command`: prints the key as base64 or as 64 hexadecimal digits; called when the key is first used. */
  readonly command?: () => readonly string[] | undefined;
  /** Default: the environment of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * The bucket's encryption key: 32 random bytes. It comes from the variable `MAAND_KV_KEY`, otherwise from
 * `kv_key_command`, otherwise from the file `secrets/kv.key`, and is read on first use. An encrypted value consists of
 * `enc:v1:` and the base64 of nonce, AES-256-GCM ciphertext and tag.
 */
export class KvKey {
  readonly #file: string;
  readonly #origin: KeyOrigin;
  #bytes: Buffer | undefined;

  constructor(file: string, origin: KeyOrigin = {}) {
    this.#file = file;
    this.#origin = origin;
  }

  /** Throws KV_KEY_MISSING. */
  encrypt(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key(), nonce);
    const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `${MARK}${sealed.toString("base64")}`;
  }

  /** Throws KV_KEY_MISSING, or KV_DECRYPT_FAILED with the name of the unreadable value. */
  decrypt(value: string, what: string): string {
    const key = this.#key();
    const sealed = value.startsWith(MARK) ? Buffer.from(value.slice(MARK.length), "base64") : undefined;
    if (!sealed || sealed.byteLength < NONCE_BYTES + TAG_BYTES) throw undecipherable(what, "it is not encrypted");
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch (cause) {
      throw undecipherable(what, "it was encrypted with another key, or it was changed", cause);
    }
  }

  /**
   * An HMAC that shows whether two strings differ without revealing them. Without the key, the HMAC cannot be used to
   * guess values. Throws KV_KEY_MISSING.
   */
  fingerprint(text: string): string {
    return createHmac("sha256", this.#key()).update(text).digest("hex").slice(0, FINGERPRINT_DIGITS);
  }

  #key(): Buffer {
    this.#bytes ??= keyElsewhere(this.#file, this.#origin) ?? readKey(this.#file);
    return this.#bytes;
  }
}

/** The key from the environment or from the command; undefined if neither is set. */
function keyElsewhere(file: string, { command, environment = process.env }: KeyOrigin): Buffer | undefined {
  const text = environment[KEY_VARIABLE];
  if (text !== undefined && text !== "") return decoded(text, KEY_VARIABLE);
  const argv = command?.();
  if (!argv || argv.length === 0) return undefined;
  const root = dirname(dirname(file));
  const printed = runKeyCommand({ argv, setting: "kv_key_command", root, environment });
  return decoded(printed.toString(), "what kv_key_command printed");
}

function decoded(written: string, where: string): Buffer {
  const text = written.trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, "hex") : Buffer.from(text, "base64");
  const isKey = bytes.byteLength === KEY_BYTES && /^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/.test(text);
  if (isKey) return bytes;
  throw new MaandError({
    code: "KV_KEY_MISSING",
    message: `the key of the secrets cannot be used: ${where} is not ${KEY_BYTES} bytes as base64 or hexadecimal digits`,
    hint: "base64 -w0 secrets/kv.key prints the key of a file in that form",
  });
}

/** Whether the key of a bucket comes from another source, so the bucket needs no key file. */
export function isKeyElsewhere({ command, environment = process.env }: KeyOrigin): boolean {
  return (environment[KEY_VARIABLE] ?? "") !== "" || (command?.()?.length ?? 0) > 0;
}

/** Creates the key if it is missing. Refuses if the store has values that were encrypted with the missing key. */
export function makeKvKey(file: string, hasSecrets: boolean): void {
  try {
    if (hasSecrets) readKey(file);
    else writeFileSync(file, randomBytes(KEY_BYTES), { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (!exists) throw cause;
    readKey(file);
  }
}

function readKey(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readPlain(file);
  } catch (cause) {
    throw unusable(
      file,
      cause instanceof Error && "code" in cause && cause.code === "ENOENT" ? "it is missing" : "it cannot be read",
      cause,
    );
  }
  if (bytes.byteLength === KEY_BYTES) return bytes;
  throw unusable(
    file,
    `it has ${bytes.byteLength} ${bytes.byteLength === 1 ? "byte" : "bytes"} instead of ${KEY_BYTES}`,
  );
}

function unusable(file: string, why: string, cause?: unknown): MaandError {
  return new MaandError({
    code: "KV_KEY_MISSING",
    message: `the key ${file} cannot be used: ${why}`,
    hint: `restore the file from a backup, or set ${KEY_VARIABLE} or kv_key_command in maand.conf; without the key the secrets in the store are lost. maand init creates one only if nothing is encrypted yet`,
    cause,
  });
}

function undecipherable(what: string, why: string, cause?: unknown): MaandError {
  return new MaandError({
    code: "KV_DECRYPT_FAILED",
    message: `${what} cannot be decrypted: ${why}`,
    hint: "restore the key it was encrypted with (secrets/kv.key, MAAND_KV_KEY or kv_key_command); if that is lost, delete the value and set it again",
    cause,
  });
}
