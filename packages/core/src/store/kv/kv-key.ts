import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { MaandError } from "../../errors.ts";
import { readPlain } from "../../trust/plain-text.ts";

const MARK = "enc:v1:";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FINGERPRINT_DIGITS = 16;

/**
 * The bucket's encryption key, `secrets/kv.key`: 32 random bytes. An encrypted value is `enc:v1:` and the base64 of nonce,
 * AES-256-GCM ciphertext and tag. The file is read on first use.
 */
export class KvKey {
  readonly #file: string;
  #bytes: Buffer | undefined;

  constructor(file: string) {
    this.#file = file;
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
   * A keyed digest that shows whether two texts differ without revealing them. Without the key it cannot be used to guess
   * values. Throws KV_KEY_MISSING.
   */
  fingerprint(text: string): string {
    return createHmac("sha256", this.#key()).update(text).digest("hex").slice(0, FINGERPRINT_DIGITS);
  }

  #key(): Buffer {
    this.#bytes ??= readKey(this.#file);
    return this.#bytes;
  }
}

/** Creates the key if it is missing. Refuses to do so if the store has values that the missing key encrypted. */
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
  throw unusable(file, `it has ${bytes.byteLength} bytes instead of ${KEY_BYTES}`);
}

function unusable(file: string, why: string, cause?: unknown): MaandError {
  return new MaandError({
    code: "KV_KEY_MISSING",
    message: `the key ${file} cannot be used: ${why}`,
    hint: "restore the file from a backup; without it the secrets in the store are lost. maand init creates one only if nothing is encrypted yet",
    cause,
  });
}

function undecipherable(what: string, why: string, cause?: unknown): MaandError {
  return new MaandError({
    code: "KV_DECRYPT_FAILED",
    message: `${what} cannot be decrypted: ${why}`,
    hint: "restore the secrets/kv.key it was encrypted with; if that is lost, delete the value and set it again",
    cause,
  });
}
