import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initBucket } from "../../bucket/init.ts";
import { bucketPaths } from "../../config/find-bucket.ts";
import { kvKeyOf } from "../../config/store/kv-key-command.ts";
import { KvKey } from "./kv-key.ts";

let root: string;
let file: string;
const BYTES = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-key-"));
  file = join(root, "secrets/kv.key");
  mkdirSync(join(root, "secrets"));
});
afterEach(() => {
  delete process.env.MAAND_KV_KEY;
  rmSync(root, { recursive: true });
});

const withFile = () => {
  writeFileSync(file, BYTES, { mode: 0o600 });
  return new KvKey(file, { environment: {} });
};
const prints = (text: string) => ["printf", "%s", text];

describe("the key of the secrets", () => {
  it.each([
    ["base64", BYTES.toString("base64")],
    ["base64 with a line end", `${BYTES.toString("base64")}\n`],
    ["base64 for URLs", BYTES.toString("base64url")],
    ["hexadecimal digits", BYTES.toString("hex")],
  ])("may be in the environment as %s", (_, text) => {
    const sealed = withFile().encrypt("x");
    rmSync(file);
    expect(new KvKey(file, { environment: { MAAND_KV_KEY: text } }).decrypt(sealed, "it")).toBe("x");
  });

  it("comes from the environment, otherwise from a command that runs once without a shell, otherwise from the file", () => {
    const sealed = withFile().encrypt("x");
    writeFileSync(file, OTHER);
    let calls = 0;
    const command = () => {
      calls += 1;
      return prints(BYTES.toString("base64"));
    };
    const key = new KvKey(file, { command, environment: { PATH: process.env.PATH } });
    expect([key.decrypt(sealed, "it"), key.decrypt(sealed, "it"), calls]).toEqual(["x", "x", 1]);
    const set = { MAAND_KV_KEY: BYTES.toString("hex") };
    expect(new KvKey(file, { command: () => ["false"], environment: set }).decrypt(sealed, "it")).toBe("x");
    expect(() => new KvKey(file, { environment: {} }).decrypt(sealed, "it")).toThrow("cannot be decrypted");
  });

  it.each([
    [["no-such-program"], "kv_key_command (no-such-program) cannot be started: there is no such program"],
    [["sh", "-c", "echo not logged in >&2; exit 3"], "kv_key_command (sh) exited with code 3: not logged in"],
    [["true"], "kv_key_command (true) printed nothing"],
  ])("is reported as unreadable if the command %j does not print it", (argv, message) => {
    const key = new KvKey(file, { command: () => argv, environment: { PATH: process.env.PATH } });
    expect(() => key.encrypt("x")).toThrow(
      expect.objectContaining({ code: "SECRET_NOT_READ", message: expect.stringContaining(message) }),
    );
  });

  it("is not shown in the error if it is invalid or if its command fails", () => {
    const wrong = (environment: object) => {
      try {
        new KvKey(file, { environment: { PATH: process.env.PATH }, ...environment }).encrypt("x");
      } catch (cause) {
        return String(cause);
      }
      return "";
    };
    const short = wrong({ environment: { MAAND_KV_KEY: "s3cret-key" } });
    expect(short).toContain("MAAND_KV_KEY is not 32 bytes");
    const failed = wrong({ command: () => ["sh", "-c", "echo s3cret-key; echo got s3cret-key >&2; exit 1"] });
    expect(failed).toContain("got ***");
    expect(`${short}${failed}`).not.toContain("s3cret-key");
  });

  it("is never written to disk if it comes from a command or the environment", () => {
    const other = join(root, "new");
    mkdirSync(other);
    writeFileSync(join(other, "maand.conf"), `kv_key_command = ["printf", "%s", "${BYTES.toString("base64")}"]\n`);
    chmodSync(join(other, "maand.conf"), 0o600);
    initBucket(other);
    const paths = bucketPaths(other);
    expect(existsSync(paths.kvKey)).toBe(false);
    expect(kvKeyOf(paths).decrypt(withFile().encrypt("x"), "it")).toBe("x");
    expect(existsSync(paths.kvKey)).toBe(false);
    process.env.MAAND_KV_KEY = OTHER.toString("base64");
    const another = join(root, "another");
    mkdirSync(another);
    initBucket(another);
    expect(readdirSync(join(another, "secrets"))).toEqual([]);
    expect(readFileSync(join(other, "data/maand.db")).includes(BYTES)).toBe(false);
  });
});
