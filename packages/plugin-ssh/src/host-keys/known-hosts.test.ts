import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  fingerprint,
  hostName,
  keyTypeOf,
  knownHostLine,
  linesFor,
  namesWithout,
  parseKnownHosts,
} from "./known-hosts.ts";

const ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIGaN9FVeSOCsVbBZOa4CcfYUlXZBsqzqK5Xk2bEgBEvL";
const key = { type: "ssh-ed25519", blob: Buffer.from(ED25519, "base64") };

function namesFor(text: string, name: string): string[] {
  return linesFor(parseKnownHosts(text), name).map(({ names }) => names);
}

describe("names in known_hosts", () => {
  test.each([
    ["10.0.0.1", 22, "10.0.0.1"],
    ["10.0.0.1", 2222, "[10.0.0.1]:2222"],
    ["2001:db8::1", 22, "2001:db8::1"],
    ["2001:DB8::1", 2222, "[2001:db8::1]:2222"],
    ["Web.Example.com", 22, "web.example.com"],
  ])("%s port %i is written as %s", (address, port, name) => {
    expect(hostName(address, port)).toBe(name);
  });
});

describe("lines in known_hosts", () => {
  test("are parsed with role and line number, and comments and invalid lines are skipped", () => {
    const text = [
      "# comment",
      "",
      `10.0.0.1 ssh-ed25519 ${ED25519} a comment`,
      `  10.0.0.2\tssh-ed25519\t${ED25519}\r`,
      `@revoked 10.0.0.1 ssh-ed25519 ${ED25519}`,
      `@cert-authority *.example.org ssh-ed25519 ${ED25519}`,
      `@unknown 10.0.0.1 ssh-ed25519 ${ED25519}`,
      `10.0.0.3 ssh-rsa ${ED25519}`,
      "10.0.0.4 ssh-ed25519",
      "10.0.0.5 ssh-ed25519 %%%",
    ].join("\n");
    expect(parseKnownHosts(text).map(({ names, role, line }) => [names, role, line])).toEqual([
      ["10.0.0.1", "pinned", 3],
      ["10.0.0.2", "pinned", 4],
      ["10.0.0.1", "revoked", 5],
      ["*.example.org", "authority", 6],
    ]);
  });

  test("can be parsed after they are written", () => {
    const [read] = parseKnownHosts(knownHostLine("[10.0.0.1]:2222", key));
    expect(read).toEqual({ names: "[10.0.0.1]:2222", key, role: "pinned", line: 1 });
  });
});

describe("a name matches", () => {
  const line = (names: string) => `${names} ssh-ed25519 ${ED25519}`;

  test.each([
    ["itself", "10.0.0.1", "10.0.0.1", true],
    ["itself among others", "web,10.0.0.1", "10.0.0.1", true],
    ["no name that only begins in the same way", "10.0.0.1", "10.0.0.10", false],
    ["a pattern", "*.example.com", "web.example.com", true],
    ["a pattern with a question mark", "10.0.0.?", "10.0.0.7", true],
    ["no pattern that excludes it", "10.0.0.*,!10.0.0.1", "10.0.0.1", false],
    ["no name with another port", "[10.0.0.1]:2222", "10.0.0.1", false],
    ["no name with a letter in place of a dot", "10.0.0.1", "10x0.0.1", false],
  ])("%s", (_, names, name, found) => {
    expect(namesFor(line(names), name)).toHaveLength(found ? 1 : 0);
  });

  test("a hashed name", () => {
    const salt = Buffer.from("salt salt salt salt!");
    const digest = createHmac("sha1", salt).update("[10.0.0.1]:2222").digest("base64");
    const hashed = `|1|${salt.toString("base64")}|${digest}`;
    expect(namesFor(line(hashed), "[10.0.0.1]:2222")).toEqual([hashed]);
    expect(namesFor(line(hashed), "10.0.0.1")).toEqual([]);
  });
});

test.each([
  ["10.0.0.1", ""],
  ["10.0.0.1,web", "web"],
  ["web,10.0.0.1,db", "web,db"],
  ["10.0.0.*", "10.0.0.*,!10.0.0.1"],
  ["10.0.0.1,!10.0.0.9", ""],
  ["|1|c2FsdA==|ZGlnZXN0", ""],
])("the names %s without 10.0.0.1 are %j", (names, others) => {
  expect(namesWithout(names, "10.0.0.1")).toBe(others);
});

test("a fingerprint equals the output of ssh-keygen -l", () => {
  expect(fingerprint(key)).toBe("SHA256:XjcOGvD+dkz7ZfHJt/Bez/JT8Z/cjW1b1eA4m45TThc");
});

test("the type of a key is read from its bytes, and is empty for invalid bytes", () => {
  expect(keyTypeOf(key.blob)).toBe("ssh-ed25519");
  expect(keyTypeOf(Buffer.from([1, 2]))).toBe("");
  expect(keyTypeOf(Buffer.from([0xff, 0, 0, 0, 0]))).toBe("");
});

test("the lines for a name are returned in the order of the file", () => {
  const names = ["10.0.0.1", "10.0.0.*", "10.0.0.2,10.0.0.1", "!10.0.0.1,10.0.0.?", "10.0.0.1,10.0.0.1"];
  const known = parseKnownHosts(names.map((one) => knownHostLine(one, key)).join("\n"));
  expect(linesFor(known, "10.0.0.1").map(({ line }) => line)).toEqual([1, 2, 3, 5]);
  expect(linesFor(known, "10.0.0.2").map(({ line }) => line)).toEqual([2, 3, 4]);
});
