import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../../support/bucket/maand.ts";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { run } from "../../support/fleet/command.ts";
import { FRESH_SSHD, makeFresh } from "../../support/fleet/fresh.ts";
import { makeKey } from "../../support/fleet/keys.ts";
import { until } from "../../support/fleet/until.ts";
import { useFleet } from "../../support/fleet/use-fleet.ts";

const PASSWORD = "a password with $igns and 'quotes'";

const used = useFleet(3, { sshdConfig: FRESH_SSHD });
const worker = (at: number) => {
  const found = used.fleet().workers[at];
  if (!found) throw new Error(`there is no worker ${at}`);
  return found;
};

let bucket: Scratch;
let cloudKey: string;

beforeAll(async () => {
  const fleet = used.fleet();
  const key = await makeKey(join(fleet.directory, "cloud_key"));
  cloudKey = key.path;
  for (const one of fleet.workers) await makeFresh(fleet, one, { password: PASSWORD, authorized: key.publicKey });
  bucket = await scratch('ssh_user = "agent"\n');
  bucket.write("workspace/workers.json", "[]\n");
});

afterAll(() => bucket.dispose());

/** Runs maand with a string on its standard input. */
function withInput(input: string, ...args: readonly string[]) {
  return run([process.execPath, MAAND, "-C", bucket.root, ...args], input);
}

describe("fresh workers", () => {
  it("can be added to workers.json", async () => {
    for (const { host, port } of used.fleet().workers)
      expect(await bucket.maand("worker", "add", host, "--port", String(port), "--labels", "web")).toMatchObject({
        code: 0,
      });
    expect(bucket.read("workspace/workers.json").split("\n").slice(0, 2)).toEqual([
      "[",
      `  { "host": "${worker(0).host}", "labels": ["web"], "port": ${worker(0).port} },`,
    ]);
    const twice = await bucket.maand("worker", "add", worker(0).host);
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("is already in workspace/workers.json") });
  });

  it("can be prepared by hand with the commands that maand prints without a connection", async () => {
    const { code, stdout } = await bucket.maand("worker", "prepare", "--print", "-w", worker(2).host);
    expect(code).toBe(0);
    expect(stdout).toContain("ssh -t");
    expect(stdout).toContain("worker.key.pub");
    expect(worker(2).log.some((line) => line.startsWith("Connection from"))).toBe(false);
  });

  it("are not changed without consent or with a wrong password", async () => {
    const [host] = used.fleet().workers.map((one) => one.host);
    const unasked = await withInput(
      PASSWORD,
      "worker",
      "prepare",
      "-w",
      host ?? "",
      "--login-user",
      "root",
      "--password",
    );
    expect(unasked.stderr).toContain("1 worker would be changed, but there is no terminal");
    expect(unasked.code).toBe(2);
    const wrong = await withInput(
      "wrong",
      "worker",
      "prepare",
      "-w",
      host ?? "",
      "--login-user",
      "root",
      "--password",
      "-y",
    );
    expect(wrong.stderr).toMatch(/failed with user root, the keys of the agent.* and a password: .*Permission denied/);
    expect(wrong.code).toBe(1);
    expect((await worker(0).run(["id", "agent"])).code).not.toBe(0);
  });

  it("get a user, a key, sudo and rsync through a login with a password, after waiting for apt's lock", async () => {
    const lock = `import fcntl, sys
held = open("/var/lib/dpkg/lock-frontend", "w"); fcntl.lockf(held, fcntl.LOCK_EX); print("held", flush=True); sys.stdin.read()`;
    const holder = worker(0).run(["sh", "-c", 'while [ ! -e /var/go ]; do sleep 0.05; done | python3 -c "$0"', lock]);
    await until("the lock", () => worker(0).processesWith("fcntl").length > 0);
    const preparing = withInput(
      PASSWORD,
      "worker",
      "prepare",
      "-w",
      worker(0).host,
      "--login-user",
      "root",
      "--password",
      "-y",
    );
    const isWaiting = async () => (await worker(0).run(["pgrep", "-f", "-x", "sleep 1"])).code === 0;
    await until("a wait for the lock", isWaiting);
    await worker(0).write("/var/go", "");
    const { code, stdout, stderr } = await preparing;
    await holder;
    expect(stderr).toContain(`${worker(0).host} | waiting for the lock /var/lib/dpkg/lock-frontend, held by python3`);
    expect(stdout).toContain(
      `${worker(0).host}: create user agent; add the public key for agent; allow agent to use sudo without a password; install rsync with apt-get`,
    );
    expect(stdout).toContain(`${worker(0).host}: prepared; maand's own login works`);
    expect(code).toBe(0);
    expect(stderr + stdout).not.toContain(PASSWORD);
    expect(existsSync(join(bucket.root, "secrets/worker.key.pub"))).toBe(true);
    expect(await worker(0).read("/etc/sudoers.d/maand-agent")).toBe("agent ALL=(ALL:ALL) NOPASSWD: ALL\n");
    expect(await worker(0).mode("/home/agent/.ssh/authorized_keys")).toBe(0o600);
  });

  it("can be prepared with another key, which is not needed afterwards", async () => {
    const prepared = await bucket.maand(
      "worker",
      "prepare",
      "--login-user",
      "root",
      "--login-key",
      cloudKey,
      "--yes",
      "--json",
    );
    expect(prepared.stderr).not.toContain("maand:");
    expect(JSON.parse(prepared.stdout).map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      "ready",
      "prepared",
      "prepared",
    ]);
    const again = await bucket.json<{ outcome: string }[]>("worker", "prepare");
    expect(again.map(({ outcome }) => outcome)).toEqual(["ready", "ready", "ready"]);
    expect((await worker(1).read("/var/log/apt-calls")).split("\n").length).toBe(3); // apt-get ran update and install once
    bucket.job("api", { version: "1.0.0", selectors: ["web"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  });

  it("later get only the program or file that is missing", async () => {
    await worker(1).run(["rm", "/usr/bin/rsync"]);
    const { stdout, code } = await bucket.maand(
      "worker",
      "prepare",
      "--login-user",
      "root",
      "--login-key",
      cloudKey,
      "--yes",
    );
    expect(stdout).toContain(`${worker(1).host}: install rsync with apt-get\n`);
    expect(code).toBe(0);
    expect((await worker(1).read("/home/agent/.ssh/authorized_keys")).trim().split("\n")).toHaveLength(1);
  });
});
