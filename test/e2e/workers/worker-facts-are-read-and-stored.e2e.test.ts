import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

it("worker_facts writes the facts of workers and keeps unknown values, and a second run writes nothing", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, fleet }) => {
    // a constant value, because the clock rate of a real machine changes
    const cpu = "processor : 0\ncpu MHz\t\t: 2400.000\n";
    for (const worker of workers) {
      await worker.write("/opt/worker/cpuinfo", cpu);
      expect(await worker.run(["mount", "--bind", "/opt/worker/cpuinfo", "/proc/cpuinfo"])).toMatchObject({ code: 0 });
    }
    const [first, second] = fleet.workersJson(["web"]);
    const written = [
      { rack: "r1", ...first, memory: "1 mb" },
      { ...second, tags: { zone: "a" } },
    ];
    bucket.write("workspace/workers.json", JSON.stringify(written), 0o640);
    const file = join(bucket.root, "workspace/workers.json");
    chmodSync(file, 0o640);

    const dry = await bucket.maand("worker_facts", "--dry-run", "--concurrency", "2");
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`would update ${hosts[0]} memory "1 mb" -> "`),
    });
    expect(dry.stdout).toContain("dry run: workers.json not modified\n");
    expect(JSON.parse(bucket.read("workspace/workers.json"))).toEqual(written);

    const facts = await bucket.json<{ worker_ip: string; memory_mb: number; cpu_mhz: number }[]>(
      "worker_facts",
      "--build",
    );
    expect(facts).toMatchObject(hosts.map((host) => ({ worker_ip: host, changed: true })));
    const text = bucket.read("workspace/workers.json");
    expect(text.startsWith('[\n  {\n    "host": ')).toBe(true);
    expect(text.endsWith("]\n")).toBe(true);
    expect(JSON.parse(text)).toEqual([
      {
        host: hosts[0],
        labels: ["web"],
        memory: `${facts[0]?.memory_mb} mb`,
        cpu: `${facts[0]?.cpu_mhz} mhz`,
        rack: "r1",
        port: first?.port,
      },
      {
        host: hosts[1],
        labels: ["web"],
        memory: `${facts[1]?.memory_mb} mb`,
        cpu: `${facts[1]?.cpu_mhz} mhz`,
        tags: { zone: "a" },
        port: second?.port,
      },
    ]);
    expect(facts[0]?.cpu_mhz).toBeGreaterThan(0);
    expect((facts[0]?.cpu_mhz ?? 1) % 2400).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(bucket.root, "workspace")).filter((name) => name.startsWith("workers.json"))).toEqual([
      "workers.json",
    ]);
    expect(await bucket.json("cat", "workers")).toMatchObject([
      { memory_mb: facts[0]?.memory_mb },
      { cpu_mhz: facts[1]?.cpu_mhz },
    ]);
    expect(await bucket.maand("worker_facts")).toMatchObject({
      code: 0,
      stdout: "workers.json is already up to date\n",
    });

    await workers[1]?.stop();
    bucket.write("workspace/workers.json", JSON.stringify(written));
    const failed = await bucket.maand("worker_facts");
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining(`worker ${hosts[1]}: cannot reach`) });
    expect(JSON.parse(bucket.read("workspace/workers.json"))).toEqual(written);
    expect(await bucket.maand("worker_facts", "--labels", "none")).toMatchObject({ code: 2 });
    expect(await bucket.maand("worker_facts", "-w", "zone:a", "-l", "web")).toMatchObject({ code: 2 });
  }));

it("worker trust shows all host keys in one table, even after a change, and pins them only on request", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, workers, hosts }) => {
    await bucket.maand("build");
    const shown = await bucket.maand("worker", "trust");
    expect(shown).toMatchObject({ code: 2, stderr: expect.stringContaining("3 host keys would be pinned") });
    const fingerprintOf = (key: string) =>
      spawnSync("ssh-keygen", ["-lf", "-"], { input: key, encoding: "utf8" }).stdout.split(" ")[1] ?? "?";
    for (const { hostKey } of workers) expect(shown.stdout).toContain(fingerprintOf(hostKey));
    expect(await bucket.maand("worker", "trust", "--yes")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("pinned 3 host keys"),
    });
    for (const { knownHost } of workers) expect(bucket.read("secrets/known_hosts")).toContain(knownHost);
    expect(await bucket.maand("worker", "trust")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("nothing to pin"),
    });

    const before = fingerprintOf(workers[1]?.hostKey ?? "");
    await workers[1]?.changeHostKey();
    await workers[2]?.stop();
    expect(await bucket.maand("run_command", "true", "-w", hosts[1] ?? "")).toMatchObject({ code: 1 });
    const changed = await bucket.json<object[]>("worker", "trust", "--yes", "-w", `${hosts[1]},${hosts[2]}`);
    expect(changed).toMatchObject([
      {
        worker_ip: hosts[1],
        state: "changed",
        pinned: [before],
        fingerprint: fingerprintOf(workers[1]?.hostKey ?? ""),
        trusted: true,
      },
      { worker_ip: hosts[2], state: null, trusted: false, message: expect.stringContaining("cannot reach") },
    ]);
    expect(await bucket.maand("run_command", "true", "-w", hosts[1] ?? "")).toMatchObject({ code: 0 });
    expect(await bucket.maand("worker", "trust", "-w", "nobody")).toMatchObject({ code: 2 });
  }));
