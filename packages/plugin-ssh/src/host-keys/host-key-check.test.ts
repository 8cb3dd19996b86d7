import { expect, test } from "vitest";
import { algorithmsFor, refusal } from "./host-key-check.ts";
import { fingerprint, knownHostLine, linesFor, parseKnownHosts } from "./known-hosts.ts";

function keyOf(type: string, number: number) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return { type, blob: Buffer.concat([length, Buffer.from(type), Buffer.from([number])]) };
}

const KEY = keyOf("ssh-ed25519", 1);
const OTHER = keyOf("ssh-ed25519", 2);
const RSA = keyOf("ssh-rsa", 3);
const endpoint = { name: "web", address: "10.0.0.1", port: 22, user: "ops", identities: [], certificates: [] };

function linesOf(...text: readonly string[]) {
  return linesFor(parseKnownHosts(text.join("\n")), "10.0.0.1");
}

function refused(...text: readonly string[]) {
  return refusal({ endpoint, key: KEY, lines: linesOf(...text), path: "/b/secrets/known_hosts" });
}

const line = (key: typeof KEY) => knownHostLine("10.0.0.1", key);

test("the first key of a machine and a pinned key are accepted", () => {
  expect(refused()).toBeUndefined();
  expect(refused(line(OTHER), line(KEY))).toBeUndefined();
});

test("a key other than the pinned ones is refused, with all fingerprints and the command to type", () => {
  const error = refused(line(OTHER), line(RSA));
  expect(error).toMatchObject({ code: "HOST_KEY_CHANGED", worker: "web" });
  for (const key of [KEY, OTHER, RSA]) expect(error?.message).toContain(fingerprint(key));
  expect(error?.hint).toContain("maand worker trust --workers web");
  expect(error?.hint).toContain("line 1, 2 (10.0.0.1) of /b/secrets/known_hosts");
});

test("a revoked key is refused, even if it is pinned", () => {
  expect(refused(line(KEY), `@revoked ${line(KEY)}`)?.message).toContain("is revoked in line 2");
  expect(refused(line(KEY), `@revoked ${line(OTHER)}`)).toBeUndefined();
});

test("a machine with a certificate authority is not trusted on first use, but a pinned key is", () => {
  const authority = `@cert-authority ${knownHostLine("10.0.*", OTHER)}`;
  expect(refused(authority)).toMatchObject({
    message: expect.stringContaining("does not support host certificates"),
    hint: expect.stringContaining("maand worker trust --workers web"),
  });
  expect(refused(authority, line(KEY))).toBeUndefined();
});

test("the types of pinned keys are requested first, so that another type does not count as a changed key", () => {
  expect(algorithmsFor([])[0]).toBe("ssh-ed25519");
  expect(algorithmsFor(linesOf(line(RSA))).slice(0, 3)).toEqual(["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
  expect(algorithmsFor(linesOf(`@revoked ${line(RSA)}`))[0]).toBe("ssh-ed25519");
});
