import { DEFAULT_SETTINGS } from "@maand/core/internal";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import type { HostLookup, HostSettings } from "./config/ssh-config.ts";
import { endpointOf, SSH_SETTINGS } from "./endpoint.ts";

const NOTHING: HostSettings = { identityFiles: [], certificateFiles: [] };

function lookupIn(config: Readonly<Record<string, Partial<HostSettings>>>): HostLookup {
  return ({ host }) => ({ ...NOTHING, ...config[host] });
}

function endpoint(worker: Parameters<typeof endpointOf>[0]["worker"], lookup: HostLookup = () => NOTHING) {
  return endpointOf({ worker, settings: SSH_SETTINGS.from(DEFAULT_SETTINGS), bucketRoot: "/b", lookup });
}

test("without settings the defaults of maand.conf apply", () => {
  expect(endpoint({ host: "10.0.0.1" })).toEqual({
    name: "10.0.0.1",
    address: "10.0.0.1",
    port: 22,
    user: "agent",
    identities: ["/b/secrets/worker.key"],
    certificates: [],
  });
});

test("ssh config overrides maand.conf, and its keys are tried before the bucket's", () => {
  const lookup = lookupIn({ web: { hostName: "10.0.0.1", port: 2201, user: "cfg", identityFiles: ["/k/cfg"] } });
  expect(endpoint({ host: "web" }, lookup)).toEqual({
    name: "web",
    address: "10.0.0.1",
    port: 2201,
    user: "cfg",
    identities: ["/k/cfg", "/b/secrets/worker.key"],
    certificates: [],
  });
});

test("workers.json overrides both, and its key is the only one", () => {
  const lookup = lookupIn({ web: { hostName: "10.0.0.1", port: 2201, user: "cfg", identityFiles: ["/k/cfg"] } });
  const worker = { host: "web", port: 2202, user: "own", identity: "own.key" };
  expect(endpoint(worker, lookup)).toMatchObject({ port: 2202, user: "own", identities: ["/b/secrets/own.key"] });
  expect(endpoint({ host: "web", identity: "/abs/key" }, lookup).identities).toEqual(["/abs/key"]);
});

describe("jump hosts", () => {
  test("are looked up in the ssh config, use port 22 by default, and are connected in the written order", () => {
    const lookup = lookupIn({
      app: { proxyJump: "one,me@two:2222" },
      two: { hostName: "10.9.9.2", user: "cfg", identityFiles: ["/k/two"] },
    });
    const two = endpoint({ host: "app" }, lookup).jump;
    expect(two).toMatchObject({ name: "two", address: "10.9.9.2", port: 2222, user: "me" });
    expect(two?.identities).toEqual(["/k/two", "/b/secrets/worker.key"]);
    expect(two?.jump).toMatchObject({ name: "one", address: "one", port: 22, user: "agent" });
    expect(two?.jump?.jump).toBeUndefined();
  });

  test("keep a ProxyCommand, which an error then names, unless they are behind another jump host", () => {
    const lookup = lookupIn({
      app: { proxyJump: "one,two" },
      one: { proxyCommand: "nc" },
      two: { proxyCommand: "nc" },
    });
    const two = endpoint({ host: "app" }, lookup).jump;
    expect(two).not.toHaveProperty("proxyCommand");
    expect(two?.jump).toMatchObject({ name: "one", proxyCommand: "nc" });
  });

  test("may have their own jump hosts, and a cycle ends", () => {
    const lookup = lookupIn({ app: { proxyJump: "a" }, a: { proxyJump: "b" }, b: { proxyJump: "a" } });
    let hops = 0;
    for (let at = endpoint({ host: "app" }, lookup).jump; at; at = at.jump) hops++;
    expect(hops).toBeGreaterThan(1);
    expect(hops).toBeLessThan(20);
  });

  test.each([
    ["[2001:db8::1]:2222", "2001:db8::1", 2222],
    ["2001:db8::1", "2001:db8::1", 22],
    ["me@gate", "gate", 22],
    ["ssh://me@gate:2222", "gate", 2222],
  ])("are parsed from %s", (proxyJump, address, port) => {
    expect(endpoint({ host: "app" }, lookupIn({ app: { proxyJump } })).jump).toMatchObject({ address, port });
  });
});

test.each([
  ["worker.key", true],
  ["keys/next.key", true],
  ["/home/ops/.ssh/id", true],
  ["../worker.key", false],
  ["keys/../../x", false],
  ["~/.ssh/id", false],
  ["", false],
  ["a\u001b[31m", false],
])("ssh_key = %j names a key file: %s", (path, taken) => {
  expect(v.safeParse(SSH_SETTINGS.entries.ssh_key, path).success).toBe(taken);
});

test("a command can print the bucket's key, but not the keys of the ssh config and of a worker", () => {
  const settings = SSH_SETTINGS.from({ ...DEFAULT_SETTINGS, plugins: { ssh_key_command: ["op", "read", "x"] } });
  const lookup = lookupIn({ web: { identityFiles: ["/k/cfg"], proxyJump: "gate" } });
  const found = (worker: Parameters<typeof endpointOf>[0]["worker"]) =>
    endpointOf({ worker, settings, bucketRoot: "/b", lookup });
  const keyCommand = { argv: ["op", "read", "x"], root: "/b" };
  expect(found({ host: "web" })).toMatchObject({
    identities: ["/k/cfg"],
    keyCommand,
    jump: { identities: [], keyCommand },
  });
  const own = found({ host: "db", identity: "db.key" });
  expect(own).toMatchObject({ identities: ["/b/secrets/db.key"] });
  expect(own).not.toHaveProperty("keyCommand");
});
