import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ConnectContext } from "@maand/core";
import { beforeAll, describe, expect, test } from "vitest";
import { must } from "../../../support/fleet/command.ts";
import { type FleetWorker, remotesFor, until, withFleet } from "../../../support/fleet/index.ts";
import { makeKey } from "../../../support/fleet/keys.ts";
import { LineReader } from "../../../support/fleet/line-reader.ts";
import { failure, useFleet } from "../../../support/fleet/use-fleet.ts";

const { fleet, remotes } = useFleet(4);
let worker: FleetWorker;
let other: FleetWorker;
beforeAll(() => {
  [worker, other] = fleet().workers as [FleetWorker, FleetWorker];
});

describe("a host key", () => {
  test("is pinned on first use in a private file, for many workers in parallel", async () => {
    const at = remotes();
    await Promise.all(fleet().workers.map((one) => at.connect(one)));
    const lines = readFileSync(at.knownHosts, "utf8").trim().split("\n").sort();
    expect(lines).toEqual(
      fleet()
        .workers.map(({ knownHost }) => knownHost)
        .sort(),
    );
    expect(statSync(at.knownHosts).mode & 0o777).toBe(0o600);
    await at.connect(worker);
    expect(readFileSync(at.knownHosts, "utf8").trim().split("\n")).toHaveLength(fleet().workers.length);
  });

  test("is kept if several commands pin other keys at the same time", async () => {
    const at = remotes();
    const commands = fleet().workers.map((one) => pinningProcess(at.contextFor(one)));
    try {
      for (let round = 1; round <= 10; round++) {
        for (const word of ["look", "pin"]) await Promise.all(commands.map((command) => command.does(word)));
        expect(readFileSync(at.knownHosts, "utf8").trim().split("\n"), `round ${round}`).toHaveLength(commands.length);
        writeFileSync(at.knownHosts, "");
      }
    } finally {
      for (const command of commands) command.end();
    }
  });

  test("is refused with both fingerprints after a change, until its line is deleted", async () => {
    const at = remotes();
    await (await at.connect(other)).close();
    const before = await fingerprintOf(other);
    await other.changeHostKey();
    const error = await failure(at.connect(other));
    expect(error).toMatchObject({ code: "HOST_KEY_CHANGED", worker: other.host });
    expect(error.message).toContain(before);
    expect(error.message).toContain(await fingerprintOf(other));
    expect(error.hint).toContain(at.knownHosts);
    writeFileSync(at.knownHosts, "");
    await at.connect(other);
  });

  test("can be shown and pinned without a login, even after a change", async () => {
    const at = remotes();
    const look = () => at.identify(other);
    const first = await look();
    expect(first).toMatchObject({
      state: "new",
      pinned: [],
      fingerprint: await fingerprintOf(other),
    });
    expect(existsSync(at.knownHosts)).toBe(false);
    await first.trust();
    expect((await look()).state).toBe("pinned");
    await other.changeHostKey();
    const changed = await look();
    expect(changed).toMatchObject({ state: "changed", pinned: [first.fingerprint] });
    await changed.trust();
    await at.connect(other);
    expect(readFileSync(at.knownHosts, "utf8")).toBe(`${other.knownHost}\n`);
    await other.cutOff();
    expect(await failure(look())).toMatchObject({ code: "UNREACHABLE", worker: other.host });
    await other.start();
  });

  test("is requested with the type of a key that was added by hand", async () => {
    await withFleet({ count: 1, sshdConfig: [`HostKey ${await ecdsaKey()}`] }, async (rebuilt) => {
      const [one] = rebuilt.workers as [FleetWorker];
      const at = remotesFor(rebuilt);
      const remote = await at.connect(one);
      expect(readFileSync(at.knownHosts, "utf8")).toContain("ssh-ed25519");
      await remote.close();
      const pinned = (await must(["ssh-keyscan", "-t", "ecdsa", "-p", `${one.port}`, one.host])).trim();
      writeFileSync(at.knownHosts, `# pasted\n${pinned}`);
      await (await at.connect(one)).close();
      expect(readFileSync(at.knownHosts, "utf8")).toBe(`# pasted\n${pinned}`);
    });
  });

  test("must be pinned itself, because certificate authorities in known_hosts are not supported", async () => {
    const ca = await makeKey(join(fleet().directory, "ca"));
    const host = await makeKey(join(fleet().directory, "certified_host_key"));
    await must(["ssh-keygen", "-q", "-h", "-s", ca.path, "-I", "host", `${host.path}.pub`]);
    const sshdConfig = [`HostKey ${host.path}`, `HostCertificate ${host.path}-cert.pub`];
    await withFleet({ count: 1, sshdConfig }, async (certified) => {
      const at = remotesFor(certified);
      const [one] = certified.workers as [FleetWorker];
      mkdirSync(dirname(at.knownHosts));
      writeFileSync(at.knownHosts, `@cert-authority * ${ca.publicKey}\n`);
      const error = await failure(at.connect(one));
      expect(error).toMatchObject({ worker: one.host, hint: expect.stringContaining("maand worker trust") });
      expect(error.message).toContain("does not support host certificates");
      expect(readFileSync(at.knownHosts, "utf8")).not.toContain(one.host);
      await (await at.identify(one)).trust();
      await at.connect(one);
      writeFileSync(at.knownHosts, `@revoked * ${host.publicKey}\n`);
      expect((await failure(at.connect(one))).message).toContain("is revoked in line 1");
    });
  });

  async function fingerprintOf(one: FleetWorker): Promise<string> {
    return (await must(["ssh-keygen", "-lf", "-"], `${one.hostKey}\n`)).split(" ")[1] ?? "";
  }

  async function ecdsaKey(): Promise<string> {
    const path = join(fleet().directory, "ecdsa_host_key");
    if (!existsSync(path)) await must(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path]);
    return path;
  }
});

/** The program of another process, which reads a worker's host key and pins it on request. */
const PIN_ON_REQUEST = `
import { createInterface } from "node:readline";
import { createHooks } from "@maand/core/internal";
import { ssh } from "@maand/plugin-ssh";
const hooks = createHooks();
ssh({ configFile: "/nowhere", agent: "" }).apply(hooks);
const context = { ...JSON.parse(process.argv[1]), signal: new AbortController().signal };
let key;
for await (const word of createInterface({ input: process.stdin })) {
  if (word === "look") key = await hooks.identify.promise(context);
  if (word === "pin") await key.trust();
  console.log(word);
}
`;

function pinningProcess({ worker, settings, bucket }: ConnectContext) {
  const given = JSON.stringify({ worker, settings, bucket });
  const child = spawn(process.execPath, ["--input-type=module", "--eval", PIN_ON_REQUEST, given], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const printed: string[] = [];
  const lines = new LineReader((line) => printed.push(line));
  child.stdout.on("data", (chunk: Buffer) => lines.push(chunk));
  return {
    does(word: string) {
      child.stdin.write(`${word}\n`);
      return until(`the process to ${word}`, () => printed[0] === word && printed.shift());
    },
    end: () => void child.kill(),
  };
}
