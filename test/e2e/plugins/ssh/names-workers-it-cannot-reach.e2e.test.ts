import { writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
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

describe("a connection to an unreachable worker", () => {
  const impatient = { settings: { timeouts: { connectMs: 500, commandMs: 1_000, tapMs: 900_000 } } };
  let server: Server | undefined;
  const sockets: Socket[] = [];

  function listenSilently(say: string): Promise<number> {
    return new Promise((resolve) => {
      server = createServer((socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        if (say) socket.write(say);
      });
      server.listen(0, worker.host, () => {
        const address = server?.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
  }
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server?.close();
  });

  test("fails soon if it is refused, with the port and a hint", async () => {
    await worker.cutOff();
    const began = performance.now();
    const error = await failure(remotes().connect(worker));
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(error).toMatchObject({ code: "UNREACHABLE", worker: worker.host });
    expect(error.message).toMatch(new RegExp(`refused on port ${worker.port}`));
    await worker.start();
  });

  test.each([
    ["sends nothing", ""],
    ["stalls after its first line", "SSH-2.0-OpenSSH_9.2\r\n"],
  ])("fails after the connect timeout if the listener %s", async (_, say) => {
    const port = await listenSilently(say);
    const error = await failure(remotes().connect({ host: worker.host, port }, impatient));
    expect(error).toMatchObject({ code: "UNREACHABLE" });
    expect(error.message).toMatch(/timed out after 0.5 s/);
  });

  test("is retried a few times if the listener closes it immediately, and then fails", async () => {
    const port = await listenSilently("");
    server?.on("connection", (socket) => socket.end());
    const error = await failure(remotes().connect({ host: worker.host, port }, impatient));
    expect(error).toMatchObject({ code: "UNREACHABLE" });
    expect(sockets.length).toBeGreaterThan(1);
  });

  test("fails in bounded time if the sshd is stopped", async () => {
    other.freeze();
    const error = await failure(remotes().connect(other, impatient));
    other.thaw();
    expect(error).toMatchObject({ code: "UNREACHABLE" });
  });

  test("fails if the host name cannot be resolved", async () => {
    const error = await failure(remotes().connect({ host: "no-such-worker.invalid" }));
    expect(error.code).toBe("UNREACHABLE");
    expect(error.message).toContain("cannot be resolved");
  });

  test("ends immediately when the run is interrupted", async () => {
    const port = await listenSilently("");
    const interrupt = new AbortController();
    const connecting = remotes().connect({ host: worker.host, port }, { signal: interrupt.signal });
    await until("the connection to begin", () => sockets.length > 0);
    interrupt.abort();
    expect(await failure(connecting)).toMatchObject({ code: "INTERRUPTED" });
  });

  test("is left to other plugins if the worker has another transport", async () => {
    await expect(remotes().connect({ ...worker, host: worker.host, transport: "local" })).rejects.toThrow(
      "no plugin connects",
    );
  });

  test("does not run a ProxyCommand from the ssh config, and suggests ProxyJump", async () => {
    const configFile = join(fleet().directory, "with-proxy-command");
    writeFileSync(configFile, "Host inner\n  HostName 127.0.0.1\n  Port 1\n  ProxyCommand false\n");
    const error = await failure(remotes({ configFile }).connect({ host: "inner" }));
    expect(error).toMatchObject({ code: "UNREACHABLE", hint: expect.stringContaining("use ProxyJump") });
  });
});

describe("a connection to a server with other algorithms", () => {
  test.each([
    ["key exchange", "KexAlgorithms", "sntrup761x25519-sha512@openssh.com"],
    ["cipher", "Ciphers", "aes256-cbc"],
    ["MAC", "MACs", "umac-128-etm@openssh.com"],
  ])("fails without a common %s, and names the setting that adds one", async (what, setting, algorithm) => {
    const more = setting === "MACs" ? ["Ciphers aes256-ctr"] : [];
    await withFleet({ count: 1, sshdConfig: [`${setting} ${algorithm}`, ...more] }, async (odd) => {
      const error = await failure(remotesFor(odd).connect(odd.workers[0] as FleetWorker));
      expect(error).toMatchObject({ code: "UNREACHABLE", message: expect.stringContaining(`no ${what} in common`) });
      expect(error.hint).toMatch(new RegExp(`^add \\S+ to ${setting} in its sshd_config`));
    });
  });

  test("fails if the server has only host certificates, with a hint", async () => {
    const [ca, host] = [join(fleet().directory, "ca"), join(fleet().directory, "certified_host_key")];
    for (const path of [ca, host]) await makeKey(path);
    await must(["ssh-keygen", "-q", "-h", "-s", ca, "-I", "host", `${host}.pub`]);
    const sshdConfig = [
      `HostKey ${host}`,
      `HostCertificate ${host}-cert.pub`,
      "HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com",
    ];
    await withFleet({ count: 1, sshdConfig }, async (certified) => {
      const error = await failure(remotesFor(certified).connect(certified.workers[0] as FleetWorker));
      expect(error).toMatchObject({ message: expect.stringContaining("no type of host key in common") });
      expect(error.hint).toContain("add ssh-ed25519 to HostKeyAlgorithms");
    });
  });

  test("supports an old key exchange", async () => {
    await withFleet({ count: 1, sshdConfig: ["KexAlgorithms diffie-hellman-group14-sha1"] }, async (old) => {
      await (await remotesFor(old).connect(old.workers[0] as FleetWorker)).close();
    });
  });
});
