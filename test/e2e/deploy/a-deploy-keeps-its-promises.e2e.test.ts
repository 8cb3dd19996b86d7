import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { httpService } from "../../support/bucket/http-service.ts";
import type { Ended } from "../../support/bucket/maand.ts";
import { type Fleet, type FleetWorker, startFleet } from "../../support/fleet/index.ts";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 3 });
});

afterAll(() => fleet.close());

const V1 = { version: "1.0.0", selectors: ["worker"] };
const V2 = { version: "2.0.0", selectors: ["worker"] };

/** The path, content, time and owner of all files of a bucket on a worker. */
async function everythingOn(worker: FleetWorker, home: string): Promise<string> {
  const { stdout } = await worker.run([
    "find",
    home,
    "-type",
    "f",
    "-printf",
    "%p %i %s %C@\n",
    "-exec",
    "md5sum",
    "{}",
    "+",
  ]);
  return stdout;
}

function onEach(hosts: readonly string[], ...words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words
      .flatMap((word) => hosts.map((host) => [...word.split("="), host]))
      .map(([job, state, host]) => [`${job}@${host}`, state ?? ""]),
  );
}

async function deployed({ bucket }: Pick<FleetBucket, "bucket">, ...flags: readonly string[]): Promise<Ended> {
  const ended = await bucket.maand("deploy", "--build", ...flags);
  expect(ended).toMatchObject({ code: 0 });
  return ended;
}

describe.concurrent("a deploy", () => {
  it("without pending changes does not change update_seq or the workers, and maand job works", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, workers, home, lifecycles } = fixture;
      bucket.job("api", V1);
      await deployed(fixture);
      const before = await Promise.all(workers.map((worker) => everythingOn(worker, home)));
      await deployed(fixture);
      expect(await Promise.all(workers.map((worker) => everythingOn(worker, home)))).toEqual(before);
      expect(await bucket.json("info")).toMatchObject({ update_seq: 1 });
      expect(await bucket.maand("job", "run", "api", "--target", "reload")).toMatchObject({ code: 0 });
      for (const commands of await lifecycles("api"))
        expect(commands).toEqual(["start 0.0.0 1.0.0", "reload 1.0.0 1.0.0"]);
    }));

  it("that is killed during its second job has promoted all finished batches, and the next run completes the others", () =>
    onFleet(
      fleet,
      async (fixture) => {
        const { bucket, workers, hosts, directory, lifecycles, rollouts } = fixture;
        const rolling = { selectors: ["worker"], max_concurrent_upgrades: 1 };
        const write = (version: string) => {
          for (const job of ["a", "b"]) bucket.job(job, { ...rolling, version }, { Makefile: CAREFUL_MAKEFILE });
        };
        write("1.0.0");
        await deployed(fixture);
        write("2.0.0");
        await workers[1]?.write(`${directory("b")}/data/hold`, "");
        const killed = bucket.start(["deploy", "--build"]);
        await killed.prints(`b@${hosts[1]} | b is at restart`);
        killed.kill("SIGKILL");
        await killed.ended;
        expect(await rollouts()).toEqual({
          ...onEach(hosts, "a=promoted"),
          [`b@${hosts[0]}`]: "promoted",
          [`b@${hosts[1]}`]: "in_doubt",
          [`b@${hosts[2]}`]: "restart",
        });
        const again = bucket.start(["deploy"]);
        await again.prints("waiting for restart");
        await workers[1]?.run(["rm", `${directory("b")}/data/hold`]);
        expect(await again.ended).toMatchObject({ code: 0 });
        const started = ["start 0.0.0 1.0.0", "end start"];
        const restarted = ["restart 1.0.0 2.0.0", "end restart"];
        expect(await lifecycles("a")).toEqual(hosts.map(() => [...started, ...restarted]));
        expect(await lifecycles("b")).toEqual([
          [...started, ...restarted],
          [...started, ...restarted], // the next run waited for the command instead of repeating it
          [...started, ...restarted],
        ]);
      },
      "max_concurrent_jobs = 1\n",
    ));

  it("refuses a parallel deploy, build, gc or command, and continues", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, workers, hosts, home, directory, lifecycles, rollouts } = fixture;
      for (const job of ["a", "b"]) bucket.job(job, V1, { Makefile: CAREFUL_MAKEFILE, "conf/app.conf": "whole\n" });
      await workers[0]?.write(`${directory("a")}/data/hold`, "");
      const first = bucket.start(["deploy", "--build"]);
      await first.prints(`a@${hosts[0]} | a is at start`);
      for (const line of ["deploy", "deploy --dry-run --with-hooks", "build", "gc", "job stop a"]) {
        const { code, stderr } = await bucket.maand(...line.split(" "));
        expect({ line, code, stderr }).toMatchObject({
          code: 3,
          stderr: expect.stringMatching(new RegExp(`maand deploy \\((\\S+ on \\S+, )?pid ${first.pid},`)),
        });
      }
      const looked = await bucket.maand("deploy", "--dry-run");
      expect(looked).toMatchObject({ code: 0, stdout: expect.stringContaining(`pid ${first.pid}, since`) });
      await workers[0]?.run(["rm", `${directory("a")}/data/hold`]);
      expect(await first.ended).toMatchObject({ code: 0 });
      expect(await rollouts()).toEqual(onEach(hosts, "a=promoted", "b=promoted"));
      for (const worker of workers) {
        for (const job of ["a", "b"]) expect(await worker.read(`${directory(job)}/conf/app.conf`)).toBe("whole\n");
        expect(
          (await worker.list(home)).filter((name) => !["fence", "locks", "program", "receipts"].includes(name)),
        ).toEqual(["bin", "jobs", "jobs.json", "worker.json"]);
      }
      for (const job of ["a", "b"])
        expect(await lifecycles(job)).toEqual(hosts.map(() => ["start 0.0.0 1.0.0", "end start"]));
    }));

  it("fails only one job if a disk becomes full, and the next run completes that job", () =>
    withFleetBucket({ count: 2, diskKb: 8_192 }, async ({ bucket, workers, hosts, lifecycles, rollouts }) => {
      bucket.job("a", V1);
      await bucket.maand("deploy", "--build");
      await workers[1]?.fillDisk(1_024);
      bucket.job("b", V1, { big: "b".repeat(2_000_000) });
      bucket.job("c", V1);
      const failed = await bucket.maand("deploy", "--build");
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(new RegExp(`start failed on ${hosts[1]}: .*its file system /opt/worker .*is full`));
      expect(await rollouts()).toEqual({
        ...onEach(hosts, "a=promoted", "b=promoted", "c=promoted"),
        [`b@${hosts[1]}`]: "new",
      });
      await workers[1]?.freeDisk();
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      for (const job of ["a", "b", "c"]) expect(await lifecycles(job)).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
    }));

  it("that loses a worker keeps earlier promotions, and completes the other jobs on the other workers", () =>
    withFleetBucket({ count: 2 }, async ({ bucket, fleet: own, workers, hosts, directory, lifecycles, rollouts }) => {
      bucket.write("maand.conf", `${own.conf}max_concurrent_jobs = 1\n[timeouts]\nconnect = 5\n`);
      for (const job of ["a", "b", "c"]) bucket.job(job, V1, { Makefile: CAREFUL_MAKEFILE });
      await workers[1]?.write(`${directory("b")}/data/hold`, "");
      const partial = bucket.start(["deploy", "--build"]);
      await partial.prints(`b@${hosts[1]} | b is at start`);
      await workers[1]?.stop();
      const { code, stderr } = await partial.ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`disconnected start b@${hosts[1]}`));
      expect(await rollouts()).toEqual({
        ...onEach(hosts, "a=promoted", "b=promoted", "c=promoted"),
        [`b@${hosts[1]}`]: "in_doubt",
        [`c@${hosts[1]}`]: "new",
      });
      await workers[1]?.start();
      await workers[1]?.run(["rm", `${directory("b")}/data/hold`]);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(await rollouts()).toEqual(onEach(hosts, "a=promoted", "b=promoted", "c=promoted"));
      expect(await lifecycles("a")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0", "end start"]));
    }));

  it("completes on other workers if a disabled worker is powered off, and a later deploy stops its jobs", () =>
    withFleetBucket({ count: 2 }, async ({ bucket, fleet: own, workers, hosts, lifecycles, rollouts }) => {
      bucket.write("maand.conf", `${own.conf}[timeouts]\nconnect = 5\n`);
      for (const job of ["api", "web"]) bucket.job(job, V1);
      await bucket.maand("deploy", "--build");
      await workers[1]?.stop();
      bucket.disable({ workers: [hosts[1]] });
      for (const job of ["api", "web"]) bucket.job(job, V2);
      const off = await bucket.maand("deploy", "--build");
      expect(off.code).toBe(1);
      expect(off.stderr).toMatch(new RegExp(`unreachable stop api@${hosts[1]}`));
      expect(await rollouts()).toMatchObject({ [`api@${hosts[0]}`]: "promoted", [`web@${hosts[0]}`]: "promoted" });
      await workers[1]?.start();
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(await lifecycles("api")).toEqual([
        ["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"],
        ["start 0.0.0 1.0.0", "stop 1.0.0 2.0.0"],
      ]);
      await workers[1]?.stop();
      expect(await bucket.maand("deploy", "--force", "--jobs", "web")).toMatchObject({ code: 0 });
    }));

  it("refuses a version or a name with shell characters before it connects to workers", () =>
    onFleet(fleet, async ({ bucket, workers, home }) => {
      const spells: [string, () => void][] = [
        ["a version", () => bucket.job("api", { ...V1, version: "1.0.1-$(touch /opt/worker/owned)" })],
        ["a name", () => bucket.job("x;touch owned", V1)],
        ["a label", () => bucket.job("api", { ...V1, selectors: ["`touch /opt/worker/owned`"] })],
      ];
      for (const [what, write] of spells) {
        write();
        expect({ what, ...(await bucket.maand("deploy", "--build")) }).toMatchObject({ code: 2 });
        bucket.removeJob(what === "a name" ? "x;touch owned" : "api");
      }
      for (const worker of workers) {
        expect(worker.exists("/opt/worker/owned")).toBe(false);
        expect(worker.exists(home)).toBe(false);
      }
    }));

  it("never passes free text, such as a file name or a variable, to a shell for interpretation", () =>
    onFleet(fleet, async ({ bucket, workers, directory, lifecycles }) => {
      const odd = "a $(touch owned) `touch owned` ; touch owned '\"\\ *.conf";
      bucket.job("api", V1, {
        [`conf/${odd}`]: "inert\n",
        "vars.toml": 'spell = "$(touch owned); touch owned"\n',
        "spell.tpl": '{{ get "vars/job/api" "spell" }}\n',
      });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      for (const worker of workers) {
        expect(await worker.read(`${directory("api")}/conf/${odd}`)).toBe("inert\n");
        expect(await worker.read(`${directory("api")}/spell`)).toBe("$(touch owned); touch owned\n");
        expect((await worker.run(["find", "/opt/worker", "-name", "owned"])).stdout).toBe("");
      }
      expect(await lifecycles("api")).toEqual(workers.map(() => ["start 0.0.0 1.0.0"]));
    }));

  it("must stop removed jobs before gc deletes their records; until then, gc is refused", () =>
    onFleet(fleet, async ({ bucket, workers, home, directory, lifecycle }) => {
      bucket.job("old", V1);
      await bucket.maand("deploy", "--build");
      bucket.removeJob("old");
      await bucket.maand("build");
      const refused = await bucket.maand("gc");
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("old on ") });
      expect(refused.stderr).toContain("run maand deploy first");
      for (const worker of workers) expect(await lifecycle("old", worker)).toEqual(["start 0.0.0 1.0.0"]);
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      for (const worker of workers)
        expect(await lifecycle("old", worker)).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
      for (const worker of workers) expect(await worker.list(`${home}/receipts`)).toEqual(["old"]);
      expect(await bucket.maand("gc")).toMatchObject({ code: 0 });
      for (const worker of workers) expect(worker.exists(directory("old"))).toBe(false);
      for (const worker of workers) expect(await worker.list(`${home}/receipts`)).toEqual([]);
      expect(await bucket.json("cat", "deployments")).toEqual([]);
    }));
});

describe("a deploy of a service that listens", () => {
  it("skips the third batch after a failed health check in the second, and the next run resumes", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, workers, hosts, directory, lifecycles, rollouts } = fixture;
      const impatient = {
        health_check: { checks: [{ type: "http", port: "http" }], wait: { attempts: 5, interval_seconds: 0.2 } },
      };
      // the server does not start on the second worker while a file exists
      const server = (files: Readonly<Record<string, string>>) => ({
        ...files,
        "server.mjs": `import { existsSync } from "node:fs";\nif (existsSync("data/sick")) process.exit(1);\n${files["server.mjs"]}`,
      });
      const one = httpService("1.0.0", impatient);
      bucket.job("web", one.manifest, server(one.files));
      await deployed(fixture);
      await workers[1]?.write(`${directory("web")}/data/sick`, "");
      const two = httpService("2.0.0", impatient);
      bucket.job("web", two.manifest, server(two.files));
      const failed = await bucket.maand("deploy", "--build");
      expect(failed.code).toBe(1);
      const states = await rollouts();
      expect(hosts.map((host) => states[`web@${host}`])).toEqual(["promoted", "health_failed", "restart"]);
      await workers[1]?.run(["rm", `${directory("web")}/data/sick`]);
      await deployed(fixture);
      const [first, second, third] = await lifecycles("web");
      expect(first).toEqual(["start 1.0.0", "stop", "start 2.0.0"]);
      expect(second).toEqual(["start 1.0.0", "stop", "start 2.0.0", "stop", "start 2.0.0"]);
      expect(third).toEqual(["start 1.0.0", "stop", "start 2.0.0"]);
      await bucket.maand("job", "stop", "web");
    }));
});
