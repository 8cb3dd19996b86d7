import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { must } from "../../../support/fleet/command.ts";
import { type FleetWorker, remotesFor, until, withFleet } from "../../../support/fleet/index.ts";
import { makeKey } from "../../../support/fleet/keys.ts";
import { failure, useFleet } from "../../../support/fleet/use-fleet.ts";

const { fleet, remotes } = useFleet(2);
let worker: FleetWorker;
let other: FleetWorker;
beforeAll(() => {
  [worker, other] = fleet().workers as [FleetWorker, FleetWorker];
});

describe("a login", () => {
  test("fails with AUTH_FAILED for an unknown key or an unknown user, and names it", async () => {
    const stranger = await makeKey(join(fleet().directory, "stranger"));
    const error = await failure(remotes().connect({ host: worker.host, identity: stranger.path }));
    expect(error).toMatchObject({ code: "AUTH_FAILED", worker: worker.host });
    expect(error.message).toContain(stranger.path);
    const unknownUser = await failure(remotes().connect({ host: worker.host, user: "nobody-here" }));
    expect(unknownUser).toMatchObject({ code: "AUTH_FAILED" });
    expect(unknownUser.message).toContain('"nobody-here"');
  });

  test("refuses a key that is missing, readable by others, or encrypted, with a hint", async () => {
    const at = remotes();
    const missing = await failure(at.connect({ host: worker.host, identity: "gone.key" }));
    expect(missing).toMatchObject({ code: "AUTH_FAILED" });
    expect(missing.message).toContain(`${at.root}/secrets/gone.key does not exist`);
    const open = await makeKey(join(fleet().directory, "open"));
    chmodSync(open.path, 0o644);
    expect(await failure(at.connect({ host: worker.host, identity: open.path }))).toMatchObject({
      code: "AUTH_FAILED",
      hint: `chmod 600 ${open.path}`,
    });
    const locked = await makeKey(join(fleet().directory, "locked"), "passphrase");
    const error = await failure(at.connect({ host: worker.host, identity: locked.path }));
    expect(error.message).toContain("protected by a passphrase");
    expect(error.hint).toContain("ssh-add");
  });

  test("finds a key in the bucket's secrets by its name, which can differ for each worker", async () => {
    const at = remotes();
    await (await at.connect(worker)).close(); // creates secrets/ for known_hosts
    writeFileSync(join(at.root, "secrets", "mine.key"), readFileSync(fleet().key.path), { mode: 0o600 });
    await at.connect({ host: worker.host, identity: "mine.key" });
    await at.connect(worker, { settings: { plugins: { ssh_key: "mine.key" } } });
  });

  test("tries keys of the agent after the key file, or without a key file", async () => {
    const gone = await withAgent([fleet().key.path], async (agent) => {
      await remotes({ agent }).connect({ host: worker.host, identity: "gone.key" });
      const stranger = await makeKey(join(fleet().directory, "stranger"));
      await remotes({ agent }).connect({ host: worker.host, identity: stranger.path });
      return agent;
    });
    const dead = await failure(remotes({ agent: gone }).connect({ host: worker.host, identity: "gone.key" }));
    expect(dead).toMatchObject({ code: "AUTH_FAILED" });
    await remotes({ agent: gone }).connect(worker);
  });

  test("reports a public key in place of the private key, and accepts it if an agent has the private key", async () => {
    const identity = `${fleet().key.path}.pub`;
    const error = await failure(remotes().connect({ host: worker.host, identity }));
    expect(error).toMatchObject({ code: "AUTH_FAILED", hint: `name the private key: ${fleet().key.path}` });
    expect(error.message).toContain(`${identity} is a public key, not a private key`);
    await withAgent([fleet().key.path], async (agent) => {
      await remotes({ agent }).connect({ host: worker.host, identity });
    });
  });

  test("reports an unsupported certificate in the agent or next to the key, with a hint", async () => {
    const ca = await makeKey(join(fleet().directory, "ca"));
    const user = await makeKey(join(fleet().directory, "certified"));
    await must(["ssh-keygen", "-q", "-s", ca.path, "-I", "me", "-n", fleet().user, `${user.path}.pub`]);
    const sshdConfig = [`TrustedUserCAKeys ${ca.path}.pub`, "AuthorizedKeysFile none"];
    await withFleet({ count: 1, sshdConfig }, async (trusting) => {
      const at = remotesFor(trusting);
      const [one] = trusting.workers as [FleetWorker];
      const beside = await failure(at.connect({ host: one.host, identity: user.path }));
      expect(beside).toMatchObject({ code: "AUTH_FAILED", hint: expect.stringContaining("authorized_keys") });
      expect(beside.message).toContain(`the certificate ${user.path}-cert.pub was not offered`);
      await withAgent([user.path], async (agent) => {
        const held = await failure(remotesFor(trusting, { agent }).connect({ host: one.host, identity: "gone.key" }));
        expect(held.message).toContain("a certificate in the ssh agent was not offered");
      });
    });
  });

  test("uses alias, user, port, key and jump host from ~/.ssh/config, and pins the key of the jump host", async () => {
    const configFile = join(fleet().directory, "ssh_config");
    writeFileSync(
      configFile,
      [
        "Host app",
        `  HostName ${worker.host}`,
        `  Port ${worker.port}`,
        `  User ${fleet().user}`,
        `  IdentityFile ${fleet().key.path}`,
        "  ProxyJump bastion",
        "Host bastion",
        `  HostName ${other.host}`,
        `  Port ${other.port}`,
        `  User ${fleet().user}`,
        `  IdentityFile ${fleet().key.path}`,
        "Host *",
        "  User nobody-here",
      ].join("\n"),
    );
    const at = remotes({ configFile });
    const settings = { plugins: { ssh_user: "nobody-here", ssh_key: "gone.key" } };
    const before = [worker.connections(), other.connections()];
    const remote = await at.connect({ host: "app" }, { settings });
    expect((await remote.exec(["sh", "-c", 'echo "$SSH_CONNECTION"'])).stdout).toContain(worker.host);
    expect([worker.connections(), other.connections()]).toEqual(before.map((count) => count + 1));
    expect(readFileSync(at.knownHosts, "utf8").trim().split("\n")).toHaveLength(2);
    await worker.cutOff();
    const error = await failure(at.connect({ host: "app" }, { settings }));
    expect(error).toMatchObject({ code: "UNREACHABLE", worker: "app" });
    expect(error.message).toContain("jump host bastion");
    await worker.start();
  });

  test("works as root without sudo", async () => {
    await withFleet({ count: 1, sudo: false }, async (rooted) => {
      const remote = await remotesFor(rooted).connect(rooted.workers[0] as FleetWorker);
      expect(remote.sudo).toBe(false);
      expect((await remote.exec(["id", "-un"], { asRoot: true })).stdout).toBe("root\n");
      await remote.close();
    });
  });
});

/** Calls `use` with the socket of an ssh agent that has these keys and their certificates. */
async function withAgent<T>(keys: readonly string[], use: (socket: string) => Promise<T>): Promise<T> {
  const socket = join(mkdtempSync(join(fleet().directory, "agent-")), "s");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  try {
    await until("the agent", () => existsSync(socket));
    await must(["env", `SSH_AUTH_SOCK=${socket}`, "ssh-add", "-q", ...keys]);
    return await use(socket);
  } finally {
    agent.kill();
  }
}
