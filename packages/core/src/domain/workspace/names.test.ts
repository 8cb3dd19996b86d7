import { describe, expect, it } from "vitest";
import { didYouMean, isHost, isIpv4, isIpv6, isName, type NameKind, nameRule, nearest } from "./names.ts";

describe("names", () => {
  const names: Record<NameKind, { good: string[]; bad: string[] }> = {
    job: {
      good: ["a", "api", "0-db", "node_agent", "a".repeat(63)],
      bad: ["", "Api", "-a", "_a", ".git", "a b", "we ird'x", "../x", "a.b", "a\n", "ä", "a".repeat(64)],
    },
    command: {
      good: ["command_x", "command_wait_up", "command_2"],
      bad: ["command_", "command-x", "x", "Command_x", "command_x.py", "command_a b"],
    },
    port: { good: ["http", "p2", "grpc_in"], bad: ["", " http", "2p", "_p", "http-in", "Http", "http\n"] },
    cert: { good: ["web", "web2", "a_b"], bad: ["", "2web", "_a", "web-1", "Web", "a.b", "../x", "web\n"] },
    label: { good: ["worker", "0", "eu-1.zone_b"], bad: ["", "o'b", "a b", "-a", "Web"] },
    target: { good: ["start", "Migrate2", "db.backup"], bad: ["", "-n", "a;b", "a b", "$(x)", "a/b"] },
  };
  const kinds: NameKind[] = ["job", "command", "port", "cert", "label", "target"];
  for (const kind of kinds) {
    const { good, bad } = names[kind];
    it.each(good)(`%j is a valid name of a ${kind}`, (name) => expect(isName(kind, name)).toBe(true));
    it.each(bad)(`%j is not a valid name of a ${kind}`, (name) => expect(isName(kind, name)).toBe(false));
    it(`describes the valid names of a ${kind}`, () => expect(nameRule(kind)).toMatch(/letters/));
  }
  it.each(["__proto__", "constructor", "prototype"])(
    "%s is not a valid name, because JSON readers drop this key",
    (name) => {
      for (const kind of kinds) expect(isName(kind, name)).toBe(false);
    },
  );
});

describe("hosts", () => {
  it.each(["10.0.0.1", "0.0.0.0", "255.255.255.255"])("%s is an IPv4 address", (text) => {
    expect(isIpv4(text)).toBe(true);
    expect(isHost(text)).toBe(true);
  });
  it.each(["256.0.0.1", "10.0.0", "10.0.0.1.2", "010.0.0.1", "10.0.0.01", "10.0.0.", "1"])(
    "%s is not an IPv4 address",
    (text) => {
      expect(isIpv4(text)).toBe(false);
      expect(isHost(text)).toBe(false);
    },
  );
  it.each(["::", "::1", "fe80::1", "2001:db8::8a2e:370:7334", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "1::"])(
    "%s is an IPv6 address",
    (text) => {
      expect(isIpv6(text)).toBe(true);
      expect(isHost(text)).toBe(true);
    },
  );
  it.each([
    ":",
    ":::",
    "1:2",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "1::2:3:4:5:6:7:8",
    "12345::",
    "g::",
    "10.0.0.1::",
    "::10.0.0.1:1",
    "1:2:3:4:5:6:7:10.0.0.1",
    "fe80::1%eth0",
    "[::1]",
    "10.0.0.1:22",
  ])("%s is not an IPv6 address", (text) => {
    expect(isIpv6(text)).toBe(false);
    expect(isHost(text)).toBe(false);
  });
  it.each(["localhost", "db-1.example.org", "Web1", "1and1.com", "a.", "db.example.org.", "a".repeat(63)])(
    "%s is a DNS name",
    (text) => expect(isHost(text)).toBe(true),
  );
  it.each([
    "",
    " ",
    "x y;z",
    "-a",
    "a-",
    "a..b",
    "a..",
    ".",
    "10.0.0.1.",
    "a_b",
    "../x",
    "a/b",
    "$(reboot)",
    "a".repeat(64),
  ])("%j is not a host", (text) => expect(isHost(text)).toBe(false));
  it("a DNS name has at most 253 characters", () => {
    expect(isHost(Array(63).fill("abc").join("."))).toBe(true);
    expect(isHost(Array(64).fill("abc").join("."))).toBe(false);
  });
});

describe("the suggested name", () => {
  it.each([
    ["lables", ["labels", "tags"], "labels"],
    ["Version", ["version"], "version"],
    ["hots", ["host", "hostname"], "host"],
    ["max_concurent_upgrade", ["max_concurrent_upgrades", "max_concurrent_starts"], "max_concurrent_upgrades"],
    ["apu", ["api"], "api"],
  ])("for %s among %j is %s", (word, known, meant) => {
    expect(nearest(word, known)).toBe(meant);
    expect(didYouMean(word, known)).toBe(`did you mean "${meant}"?`);
  });
  it.each([
    ["a", ["xy", "db"]],
    ["db", ["api"]],
    ["xyz", ["api", "web"]],
    ["anything", []],
  ])("for %s among %j is undefined", (word, known) => {
    expect(nearest(word, known)).toBeUndefined();
    expect(didYouMean(word, known)).toBeUndefined();
  });
  it("is the closest one, or the first of two equally close ones", () => {
    expect(nearest("worker", ["workers", "worker"])).toBe("worker");
    expect(nearest("port", ["ports", "sport"])).toBe("ports");
  });
});
