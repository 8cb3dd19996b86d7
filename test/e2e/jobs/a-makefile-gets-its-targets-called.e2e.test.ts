import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { maandOnPath, type } from "../../support/bucket/shell.ts";

/** Tests which targets of a Makefile run, and when. */

let bucket: LocalBucket;
const ONE = "127.0.0.11";

beforeEach(async () => {
  bucket = await localBucket(1);
});

afterEach(() => bucket.dispose());

const targets = (job = "api") => bucket.lifecycle(job, ONE).map((line) => line.split(" ")[0]);

describe("a job", () => {
  it("can contain other files besides its manifest and Makefile", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { "conf/app.conf": "x\n", "run.sh": "true\n" });
    await bucket.type("maand build && maand deploy");
    expect(bucket.files("api", ONE)).toEqual(["Makefile", "certs", "conf", "data", "manifest.json", "run.sh"]);
  });

  it("can be created by maand job create, and deployed", async () => {
    await bucket.type("maand job create api --selectors worker");
    expect(existsSync(join(bucket.root, "workspace/jobs/api/manifest.json"))).toBe(true);
    expect(bucket.read("workspace/jobs/api/Makefile")).toMatch(/^start:$/m);
    await bucket.type("maand build && maand deploy");
  });

  it.each(["data", "logs", "bin"])(
    "is refused if it contains %s/ in the workspace, because that directory belongs to the running job",
    async (name) => {
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { [`${name}/x`]: "x" });
      const { code, stderr } = await bucket.maand("build");
      expect(code).toBe(2);
      expect(stderr).toContain(`workspace/jobs/api/${name}`);
    },
  );

  it("keeps its own files in data/, logs/ and bin/ during an upgrade", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.type("maand build && maand deploy");
    for (const name of ["data", "logs", "bin"]) {
      mkdirSync(join(bucket.directory("api", ONE), name), { recursive: true });
      writeFileSync(join(bucket.directory("api", ONE), name, "own"), "own\n");
    }
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] }, { "new.conf": "x\n" });
    await bucket.type("maand build && maand deploy");
    for (const name of ["data", "logs", "bin"])
      expect(readFileSync(join(bucket.directory("api", ONE), name, "own"), "utf8")).toBe("own\n");
    expect(bucket.files("api", ONE)).toContain("new.conf");
  });
});

describe("the target", () => {
  it("start runs on the first deploy and restart during an upgrade, each with the old and the new version", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.type("maand build && maand deploy");
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.type("maand build && maand deploy");
    expect(bucket.lifecycle("api", ONE)).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 1.1.0"]);
  });

  it("reload runs during an upgrade with the policy reload, or restart if a changed file matches restart_globs", async () => {
    const manifest = { selectors: ["worker"], restart_policy: "reload", restart_globs: ["*.lib"] };
    bucket.job("api", { version: "1.0.0", ...manifest }, { "a.conf": "1", "a.lib": "1" });
    await bucket.type("maand build && maand deploy");
    bucket.job("api", { version: "1.0.0", ...manifest }, { "a.conf": "2", "a.lib": "1" });
    await bucket.type("maand build && maand deploy");
    bucket.job("api", { version: "1.0.0", ...manifest }, { "a.conf": "2", "a.lib": "2" });
    await bucket.type("maand build && maand deploy");
    expect(targets()).toEqual(["start", "reload", "restart"]);
  });

  it("stop runs for removed and disabled allocations, and status runs during maand job status", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
    await bucket.type("maand build && maand deploy && maand job status api");
    bucket.disable({ jobs: { api: {} } });
    bucket.removeJob("web");
    await bucket.type("maand build && maand deploy");
    expect(targets()).toEqual(["start", "status", "stop"]);
    expect(targets("web")).toEqual(["start", "stop"]);
  });

  it("status is optional", async () => {
    const makefile = "start stop restart:\n\t@mkdir -p data; echo $@ >> data/lifecycle\n";
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: makefile });
    await bucket.type("maand build && maand deploy");
    expect(await bucket.maand("job", "status", "api")).toMatchObject({ code: 1 });
  });

  it("restart gets the old and the new version, for example for a migration", async () => {
    const makefile = `start restart:
	@mkdir -p data; if test "$(CURRENT_VERSION)" = 1.0.0 && test "$(NEW_VERSION)" = 2.0.0; then echo migrated >> data/lifecycle; fi
stop:
	@true
`;
    for (const version of ["1.0.0", "2.0.0", "2.0.1"]) {
      bucket.job("api", { version, selectors: ["worker"] }, { Makefile: makefile });
      await bucket.type("maand build && maand deploy");
    }
    expect(bucket.lifecycle("api", ONE)).toEqual(["migrated"]);
  });

  it("migrate, like any custom target, runs only by hand and never during a deploy", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.type("maand build && maand deploy --force && maand deploy --force");
    expect(targets()).not.toContain("migrate");
    await bucket.type("maand job run api --target migrate");
    expect(targets().at(-1)).toBe("migrate");
  });
});

describe("a Makefile", () => {
  const recorded = (program: string) =>
    readFileSync(join(bucket.root, `${program}.calls`), "utf8")
      .trimEnd()
      .split("\n");

  /** Creates programs that only record their calls. */
  function fakePrograms(...programs: readonly string[]): string {
    for (const program of programs)
      bucket.write(`programs/${program}`, `#!/bin/sh\necho "$*" >> ${bucket.root}/${program}.calls\n`, 0o755);
    return `${join(bucket.root, "programs")}:${maandOnPath()}`;
  }

  it("can call docker compose", async () => {
    const PATH = fakePrograms("docker");
    const Makefile = `COMPOSE := docker compose -f docker-compose.yml

start:
	$(COMPOSE) up -d --remove-orphans

stop:
	$(COMPOSE) down

restart: stop start
`;
    bucket.job(
      "api",
      { version: "1.0.0", selectors: ["worker"] },
      { Makefile, "docker-compose.yml": "services: {}\n" },
    );
    expect(await type("maand build && maand deploy && maand job restart api", bucket.root, { PATH })).toMatchObject({
      code: 0,
    });
    const up = "compose -f docker-compose.yml up -d --remove-orphans";
    expect(recorded("docker")).toEqual([up, "compose -f docker-compose.yml down", up]);
  });

  it("can call systemctl", async () => {
    const PATH = fakePrograms("sudo");
    const Makefile = `UNIT := api.service

start:
	sudo systemctl start $(UNIT)

stop:
	sudo systemctl stop $(UNIT)

restart: stop start
`;
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile });
    expect(await type("maand build && maand deploy && maand job stop api", bucket.root, { PATH })).toMatchObject({
      code: 0,
    });
    expect(recorded("sudo")).toEqual(["systemctl start api.service", "systemctl stop api.service"]);
  });
});

describe("a manifest", () => {
  const PAGE = {
    version: "1.2.0",
    selectors: ["worker", "web"],
    max_concurrent_upgrades: 2,
    restart_policy: "always",
    resources: {
      memory: { min: "256 mb", max: "512 mb" },
      cpu: { min: "200 mhz", max: "500 mhz" },
      ports: { http: {} },
    },
  };

  it("can contain all documented keys", async () => {
    bucket.workers(
      { host: ONE, labels: ["web"], memory: "1 gb", cpu: "1 ghz" },
      { host: "127.0.0.12", memory: "1 gb", cpu: "1 ghz" },
    );
    bucket.job("api", PAGE);
    await bucket.type("maand build && maand deploy");
    expect(await bucket.json("cat", "jobs")).toMatchObject([
      {
        job: "api",
        version: "1.2.0",
        selectors: ["worker", "web"],
        memory_mb: 512,
        cpu_mhz: 500,
        restart_policy: "always",
      },
    ]);
    const [port] = await bucket.json<{ port: number }[]>("cat", "job_ports");
    expect(port?.port).toBeGreaterThanOrEqual(30_000);
    expect(Object.keys(await bucket.rollouts())).toEqual([`api@${ONE}`]);
  });

  it("is refused if it requests more resources than a worker has, or a port number that is in use", async () => {
    bucket.workers({ host: ONE, labels: ["web"], memory: "300 mb", cpu: "1 ghz" });
    bucket.job("api", PAGE);
    expect(await bucket.maand("build")).toMatchObject({ code: 2, stderr: expect.stringMatching(/512.*300|300.*512/) });
    bucket.workers({ host: ONE });
    for (const name of ["api", "web"])
      bucket.job(name, { version: "1.0.0", selectors: ["worker"], resources: { ports: { [`${name}_http`]: 8080 } } });
    expect(await bucket.maand("build")).toMatchObject({ code: 2, stderr: expect.stringContaining("8080") });
  });

  it("can request a fixed port and a port from the pool", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], resources: { ports: { http: 8080, admin: {} } } });
    await bucket.type("maand build");
    expect(await bucket.json("cat", "job_ports")).toMatchObject([
      { name: "admin", port: expect.any(Number) },
      { name: "http", port: 8080 },
    ]);
  });
});
