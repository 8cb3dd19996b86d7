import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KvKey, makeKvKey } from "./kv-key.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-key-"));
  file = join(directory, "kv.key");
});

afterEach(() => rmSync(directory, { recursive: true }));

describe("the key file", () => {
  it("has 32 bytes, is readable only by its owner, and is created once", () => {
    makeKvKey(file, false);
    const bytes = readFileSync(file);
    expect(bytes.byteLength).toBe(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    makeKvKey(file, false);
    makeKvKey(file, true);
    expect(readFileSync(file)).toEqual(bytes);
  });

  it("is not created again if the store has values that were encrypted with a missing key", () => {
    expect(() => makeKvKey(file, true)).toThrow(expect.objectContaining({ code: "KV_KEY_MISSING" }));
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [31, "31 bytes"],
    [33, "33 bytes"],
  ])("is refused if its length is %i, even by init", (length, bytes) => {
    writeFileSync(file, Buffer.alloc(length));
    const refused = expect.objectContaining({
      code: "KV_KEY_MISSING",
      message: expect.stringContaining(`it has ${bytes} instead of 32`),
    });
    expect(() => makeKvKey(file, false)).toThrow(refused);
    expect(() => new KvKey(file).encrypt("x")).toThrow(refused);
  });

  it("is reported as missing only when it is used", () => {
    const key = new KvKey(file);
    expect(() => key.decrypt("enc:v1:", "it")).toThrow(expect.objectContaining({ code: "KV_KEY_MISSING" }));
  });
});

describe("an encrypted value", () => {
  const failed = expect.objectContaining({
    code: "KV_DECRYPT_FAILED",
    message: expect.stringContaining("secrets/job/api x"),
  });
  const open = (key: KvKey, value: string) => key.decrypt(value, "secrets/job/api x");

  beforeEach(() => makeKvKey(file, false));

  it("decrypts to the original, and differs each time it is encrypted", () => {
    const key = new KvKey(file);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
        const [one, other] = [key.encrypt(text), key.encrypt(text)];
        expect(open(key, one)).toBe(text);
        expect(one).toMatch(/^enc:v1:[A-Za-z0-9+/]+=*$/);
        expect(one).not.toBe(other);
        expect(Buffer.from(one.slice(7), "base64").byteLength).toBe(12 + Buffer.byteLength(text) + 16);
      }),
    );
  });

  it("cannot be decrypted with another key", () => {
    const value = new KvKey(file).encrypt("s3cret");
    rmSync(file);
    makeKvKey(file, false);
    expect(() => open(new KvKey(file), value)).toThrow(failed);
  });

  it("cannot be decrypted after one bit changed", () => {
    const key = new KvKey(file);
    const sealed = Buffer.from(key.encrypt("s3cret").slice(7), "base64");
    for (let at = 0; at < sealed.byteLength; at++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => open(key, `enc:v1:${changed.toString("base64")}`)).toThrow(failed);
    }
  });

  it.each(["plain", "", "enc:v1:", "enc:v1:AAAA", "enc:v2:AAAA"])("cannot be the string %j", (value) => {
    expect(() => open(new KvKey(file), value)).toThrow(failed);
  });
});
