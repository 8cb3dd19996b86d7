import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { printedKey, readPrivateKey } from "./private-key.ts";

let directory: string;
const at = (name: string) => join(directory, name);

function keygen(...words: readonly string[]): void {
  execFileSync("ssh-keygen", ["-q", ...words], { stdio: "ignore" });
}

function write(name: string, text: string | Buffer): void {
  writeFileSync(at(name), text, { mode: 0o600 });
}

function pkcs8(name: string, passphrase?: string): void {
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  const encoding = { type: "pkcs8", format: "pem", ...encryption } as const;
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: encoding,
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  write(name, privateKey);
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "private-key-"));
  for (const type of ["ed25519", "ecdsa", "rsa"]) keygen("-t", type, "-N", "", "-f", at(type));
  keygen("-t", "ed25519", "-N", "secret", "-f", at("locked"));
  keygen("-s", at("ed25519"), "-I", "me", "-n", "ops", at("ecdsa.pub"));
  keygen("-t", "rsa", "-m", "PEM", "-N", "", "-f", at("pem"));
  pkcs8("pkcs8");
  pkcs8("pkcs8-locked", "secret");
  execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", at("pkcs8-ed25519")]);
  chmodSync(at("ed25519.pub"), 0o644);
  write("crlf", readFileSync(at("ed25519"), "utf8").replaceAll("\n", "\r\n"));
  write("empty", "");
  write("text", "worker key\n");
  mkdirSync(at("folder"));
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each(["ed25519", "ecdsa", "rsa", "pem", "crlf", "pkcs8"])("a private key can be used: %s", async (name) => {
  const { key, problem } = await readPrivateKey(at(name), ssh2.utils.parseKey);
  expect([key?.isPrivateKey(), problem]).toEqual([true, undefined]);
});

test.each([
  ["ed25519.pub", "is a public key, not a private key", /name the private key: .*\/ed25519$/],
  ["ecdsa-cert.pub", "is a certificate, not a private key", /plain keys/],
  ["locked", "is protected by a passphrase", /ssh-add/],
  ["pkcs8-locked", "is protected by a passphrase", /ssh-add/],
  ["pkcs8-ed25519", "is in a format (PKCS#8) that maand cannot read", /ssh-keygen -t ed25519/],
  ["empty", "is empty", undefined],
  ["text", "is not a private key", undefined],
  ["folder", "is a directory", undefined],
  ["gone", "does not exist", undefined],
  ["text/below", "does not exist", undefined],
])("readPrivateKey reports the problem of a file: %s %s", async (name, problem, hint) => {
  const file = await readPrivateKey(at(name), ssh2.utils.parseKey);
  expect([file.key, file.problem]).toEqual([undefined, problem]);
  if (hint) expect(file.hint).toMatch(hint);
});

test("a private key that others can read is refused, but a public key may be readable", async () => {
  write("open", readFileSync(at("ed25519")));
  chmodSync(at("open"), 0o640);
  expect(await readPrivateKey(at("open"), ssh2.utils.parseKey)).toMatchObject({
    exposed: true,
    problem: "may be read by others (mode 0640)",
    hint: `chmod 600 ${at("open")}`,
  });
  expect(await readPrivateKey(at("ed25519.pub"), ssh2.utils.parseKey)).not.toHaveProperty("exposed");
});

test("the key command runs once, and output that is not a key is reported without showing it", () => {
  writeFileSync(at("calls"), "");
  const argv = ["sh", "-c", 'echo x >> calls; cat "$1"', "sh", at("ed25519")];
  for (const times of [1, 2]) {
    const found = printedKey({ argv, root: directory }, ssh2.utils.parseKey);
    expect(found).toMatchObject({ path: "ssh_key_command", key: expect.anything() });
    expect([times, readFileSync(at("calls"), "utf8")]).toEqual([times, "x\n"]);
  }
  const wrong = printedKey({ argv: ["echo", "s3cret"], root: directory }, ssh2.utils.parseKey);
  expect(wrong).toEqual({ path: "ssh_key_command", problem: "is not a private key" });
  expect(() => printedKey({ argv: ["false"], root: directory }, ssh2.utils.parseKey)).toThrow(
    expect.objectContaining({ code: "SECRET_NOT_READ", message: expect.stringContaining("ssh_key_command (false)") }),
  );
});
