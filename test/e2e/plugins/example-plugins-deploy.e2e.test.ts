import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { type Installation, install, packagesIn } from "../../support/bucket/installation.ts";
import { linesOf, localJob, RECORDING_MAKEFILE, type Scratch, scratch } from "../../support/bucket/scratch.ts";

/** Tests every plugin of plugins-examples in a real deploy, installed from its tarball with the packed maand packages. */
let installation: Installation;
beforeAll(() => {
  installation = install("@maand/cli", ...packagesIn("plugins-examples"));
});
afterAll(() => installation?.dispose());

const HOSTS = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];
const open: Scratch[] = [];
afterEach(() => {
  for (const bucket of open.splice(0)) bucket.dispose();
});

/** Creates a bucket with local workers, the installed packages, and a configuration that imports examples. */
async function bucketWith(config: string, conf = "", env: Record<string, string> = {}): Promise<Scratch> {
  const bucket = await scratch(conf, { program: installation.program, env });
  open.push(bucket);
  bucket.workers(...HOSTS.map((host) => ({ host, transport: "local", labels: ["worker", "production"] })));
  useIn(bucket, config);
  return bucket;
}

function useIn(bucket: Scratch, config: string): void {
  symlinkSync(join(installation.place, "node_modules"), join(bucket.root, "node_modules"));
  bucket.write(
    "maand.config.ts",
    `import { defaults } from "@maand/cli";\nimport { defineConfig } from "@maand/core";\n${config}\n`,
  );
}

const lifecycle = (bucket: Scratch, host: string, job = "api") =>
  linesOf(join(localJob(bucket, host, job) ?? "", "data/lifecycle"));

/** A program that records its calls, and then runs the shell line `and`. */
const recorder = (and = "exit 0") =>
  `#!/bin/sh\n{ printf %s "$*" | tr '\\n' ' '; echo; } >> "$(dirname "$0")/calls"\n${and}\n`;
const requests = (bucket: Scratch) => linesOf(join(bucket.root, "fake/calls"));
const forget = (bucket: Scratch) => bucket.write("fake/calls", "");

/** Creates a bucket with a program in its directory `fake/`, which comes first in PATH. */
async function bucketWithFake(name: string, script: string, config: string, conf = ""): Promise<Scratch> {
  const bucket = await bucketWith(config, conf);
  bucket.write(`fake/${name}`, script, 0o755);
  return { ...bucket, maand: (...args) => bucket.start(args, { env: fakesOf(bucket) }).ended };
}

const fakesOf = ({ root }: Scratch) => ({ PATH: `${join(root, "fake")}:${process.env.PATH}` });

async function done(ended: ReturnType<Scratch["maand"]>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  expect(code, stdout + stderr).toBe(0);
  return stdout + stderr;
}

describe("example plugins that report", () => {
  it("call a webhook, write an audit file and a notification, and create KV entries in one deploy", async () => {
    const posted: string[] = [];
    const server = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => posted.push(chunk.toString())).on("end", () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const bucket = await bucketWith(`
        import { auditJsonl } from "@maand/example-audit-jsonl";
        import { kvFromEnv } from "@maand/example-kv-from-env";
        import { notifyFile } from "@maand/example-notify-file";
        import { notifyWebhook } from "@maand/example-notify-webhook";
        export default defineConfig({
          plugins: defaults().add(
            notifyWebhook(),
            notifyFile({ file: "deploys.ndjson" }),
            auditJsonl({ file: import.meta.dirname + "/audit/audit.jsonl" }),
            kvFromEnv(),
          ),
        });`);
      const env = { MAAND_WEBHOOK_URL: `http://127.0.0.1:${port}/secret-path`, MAAND_KV_COLOR: "blue" };
      bucket.job("api", { version: "1.0.0", selectors: ["worker"], env_keys: ["color"] }, { "color.tpl": COLOR });
      await done(bucket.start(["deploy", "--build"], { env }).ended);
      expect(JSON.parse(posted.join(""))).toMatchObject({ outcome: "ok", promoted: 3 });
      expect(JSON.parse(bucket.read("deploys.ndjson"))).toMatchObject({ outcome: "ok", promoted: 3 });
      expect(statSync(join(bucket.root, "audit/audit.jsonl")).mode & 0o777).toBe(0o600);
      expect(bucket.read("audit/audit.jsonl")).toContain('"type":"run.finished","outcome":"ok"');
      for (const host of HOSTS) expect(linesOf(join(localJob(bucket, host, "api") ?? "", "color"))).toEqual(["blue"]);
      const { code, stderr } = await bucket.maand("build");
      expect([code, stderr]).toEqual([2, expect.stringContaining("environment variable MAAND_KV_COLOR is not set")]);
    } finally {
      server.close();
    }
  });

  const COLOR = '{{ get "maand/job/api" "env/color" }}\n';
});

describe("example plugins that decide", () => {
  it("can refuse a deploy during a freeze window until a reason is given, with a configuration in JSON", async () => {
    const bucket = await scratch("", { program: installation.program });
    open.push(bucket);
    symlinkSync(join(installation.place, "node_modules"), join(bucket.root, "node_modules"));
    const days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    const options = { windows: days.map((day) => ({ day })), timeZone: "UTC" };
    bucket.write(".maandrc.json", JSON.stringify({ plugins: ["defaults", ["@maand/example-freeze-window", options]] }));
    bucket.workers({ host: "127.0.0.11", transport: "local", labels: ["worker"] });
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await done(bucket.maand("build"));
    const refused = await bucket.maand("deploy");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/no deploys on \w+ from 00:00 until 24:00/),
    ]);
    expect(existsSync(join(bucket.root, "data/local"))).toBe(false);
    const thawed = await done(bucket.start(["deploy"], { env: { MAAND_THAW: "the shop is down" } }).ended);
    expect(thawed).toContain("in a freeze window: the shop is down");
  });

  it("report invalid options with the line in the configuration", async () => {
    const bucket = await bucketWith(`
      import { freezeWindow } from "@maand/example-freeze-window";
      export default defineConfig({ plugins: defaults().add(freezeWindow({ windows: [{ day: "freitag" }] })) });`);
    const { code, stderr } = await bucket.maand("build");
    expect(code).toBe(2);
    expect(stderr).toContain("maand.config.ts");
    expect(stderr).toContain("freeze-window.windows.0.day");
    expect(stderr).toContain("must be one of monday,");
  });

  it("can ask for approval on a terminal, or read the approval from the environment", async () => {
    const bucket = await bucketWith(`
      import { approvalGate } from "@maand/example-approval-gate";
      export default defineConfig({ plugins: defaults().add(approvalGate()) });`);
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await done(bucket.maand("build"));
    const refused = await bucket.maand("deploy");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("no terminal to ask for approval")]);
    expect(lifecycle(bucket, HOSTS[0] ?? "")).toEqual([]);
    expect(await onTerminal(bucket, "no")).toContain("not approved");
    expect(lifecycle(bucket, HOSTS[0] ?? "")).toEqual([]);
    expect(await onTerminal(bucket, "yes")).toContain("start api 0.0.0 -> 1.0.0 on 127.0.0.11");
    expect(lifecycle(bucket, HOSTS[0] ?? "")).toEqual(["start 0.0.0 1.0.0"]);
    bucket.removeJob("api");
    await done(bucket.start(["deploy", "--build"], { env: { MAAND_APPROVE: "yes" } }).ended);
    expect(lifecycle(bucket, HOSTS[0] ?? "")).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
  });

  it("can end a rollout if its canary becomes unhealthy, and continue if it stays healthy", async () => {
    const bucket = await bucketWith(`
      import { canary } from "@maand/example-canary";
      export default defineConfig({ plugins: defaults().add(canary()) });`);
    const check = {
      type: "ssh",
      command: `test ! -e "$(echo */jobs/api/data/sick jobs/api/data/sick | cut -d' ' -f2)"`,
    };
    const watched = (version: string, soak_seconds: number) => ({
      version,
      selectors: ["worker"],
      max_concurrent_upgrades: 3,
      health_check: { checks: [check], wait: { attempts: 1 } },
      canary: { soak_seconds, interval_seconds: 0.1 },
    });
    bucket.job("api", watched("1.0.0", 0.3), { Makefile: SICKENING });
    await done(bucket.maand("deploy", "--build"));
    bucket.job("api", watched("1.1.0", 30), { Makefile: SICKENING });
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect([code, stderr]).toEqual([1, expect.stringContaining("api is not healthy")]);
    expect(HOSTS.map((host) => lifecycle(bucket, host).at(-1))).toEqual([
      "restart 1.0.0 1.1.0",
      "start 0.0.0 1.0.0",
      "start 0.0.0 1.0.0",
    ]);
    bucket.job("api", watched("1.2.0", 0.3), { Makefile: SICKENING });
    expect(await done(bucket.maand("deploy", "--build"))).toContain("api 1.2.0 is healthy on 127.0.0.11; 2 more to go");
    expect(HOSTS.map((host) => lifecycle(bucket, host).at(-1))).toEqual([
      "restart 1.1.0 1.2.0",
      "restart 1.0.0 1.2.0",
      "restart 1.0.0 1.2.0",
    ]);
  });

  /** A Makefile whose version 1.1.0 becomes unhealthy a moment after its start. */
  const SICKENING = RECORDING_MAKEFILE.replace(
    "\t@mkdir -p data\n",
    `\t@mkdir -p data && rm -f data/sick
\t@if [ "$(NEW_VERSION)" = 1.1.0 ]; then (sleep 1; touch data/sick) >/dev/null 2>&1 & fi\n`,
  );

  /** Deploys in a new terminal, types the answer there, and returns the output. */
  async function onTerminal(bucket: Scratch, answer: string): Promise<string> {
    const typed = `(until grep -qF "continue?" shown 2>/dev/null; do sleep 0.05; done; echo ${answer})`;
    const command = `rm -f shown; ${typed} | script --quiet --flush --return --command "${installation.program} deploy" shown`;
    bucket.write(
      "type.mjs",
      `import { spawnSync } from "node:child_process";
      const { stdout } = spawnSync("sh", ["-c", ${JSON.stringify(command)}], { encoding: "utf8" });
      process.stdout.write(stdout);`,
    );
    const { stdout } = await bucket.start([], { program: join(bucket.root, "type.mjs") }).ended;
    return stdout;
  }
});

describe("example plugins that run jobs", () => {
  it("can call systemctl for a job without a Makefile", async () => {
    const bucket = await bucketWithFake(
      "systemctl",
      recorder(),
      `import { lifecycleSystemd } from "@maand/example-lifecycle-systemd";
      export default defineConfig({ plugins: defaults().add(lifecycleSystemd()) });`,
    );
    bucket.workers({ host: "127.0.0.11", transport: "local", labels: ["worker"] });
    const write = (version: string) => {
      bucket.write(
        "workspace/jobs/api/manifest.json",
        JSON.stringify({ version, selectors: ["worker"], systemd: "api.service" }),
      );
      bucket.write("workspace/jobs/api/api.service", `[Service]\nExecStart=/bin/api ${version}\n`);
    };
    write("1.0.0");
    await done(bucket.maand("deploy", "--build"));
    const unit = join(localJob(bucket, "127.0.0.11", "api") ?? "", "api.service");
    expect(requests(bucket)).toEqual([`enable ${unit}`, "start api.service"]);
    forget(bucket);
    write("1.1.0");
    await done(bucket.maand("deploy", "--build"));
    await done(bucket.maand("job", "status", "api"));
    bucket.removeJob("api");
    await done(bucket.maand("deploy", "--build"));
    expect(requests(bucket)).toEqual([
      `enable ${unit}`,
      "daemon-reload",
      "restart api.service",
      "status --no-pager api.service",
      "disable --now api.service",
    ]);
    expect(existsSync(unit)).toBe(false);
  });

  it("can call docker compose for a job without a Makefile", async () => {
    const bucket = await bucketWithFake(
      "docker",
      recorder('echo "at $NEW_VERSION"'),
      `import { lifecycleCompose } from "@maand/example-lifecycle-compose";
      export default defineConfig({ plugins: defaults().add(lifecycleCompose()) });`,
    );
    bucket.workers({ host: "127.0.0.11", transport: "local", labels: ["worker"] });
    const manifest = { version: "1.0.0", selectors: ["worker"], compose: "compose.yaml" };
    bucket.write("workspace/jobs/api/manifest.json", JSON.stringify(manifest));
    bucket.write("workspace/jobs/api/compose.yaml.tpl", "services: { api: { image: 'api:{{ .NewVersion }}' } }\n");
    expect(await done(bucket.maand("deploy", "--build"))).toContain("at 1.0.0");
    const directory = localJob(bucket, "127.0.0.11", "api") ?? "";
    bucket.removeJob("api");
    await done(bucket.maand("deploy", "--build"));
    const project = new RegExp(
      `^compose --ansi never --project-name api-[0-9a-f]{8} --file ${directory}/compose.yaml `,
    );
    const words = requests(bucket).map((line) => line.replace(project, ""));
    expect(words).toEqual(["up --detach --wait --remove-orphans", "down"]);
  });
});

describe("example plugins that connect to workers", () => {
  it("can deploy and remove jobs through docker exec, with rsync and make", async () => {
    // the fake docker runs the commands for the container on this machine
    const enter = `case $1 in container) echo true ;; exec) shift 2; test "$1" != --user || shift 2; shift; exec "$@" ;; esac`;
    const bucket = await bucketWithFake(
      "docker",
      recorder(enter),
      `import { dockerExec } from "@maand/example-transport-docker-exec";
      export default defineConfig({ plugins: defaults().add(dockerExec()) });`,
    );
    const root = join(bucket.root, "container");
    bucket.write("maand.conf", `worker_root = "${root}"\n`);
    bucket.workers({ host: "box1", transport: "docker-exec", labels: ["worker"] });
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await done(bucket.maand("deploy", "--build"));
    const [id = ""] = readdirSync(root);
    expect(linesOf(join(root, id, "jobs/api/data/lifecycle"))).toEqual(["start 0.0.0 1.0.0"]);
    expect(
      requests(bucket).every((line) => /^(container inspect|exec --interactive (--user 0 )?box1 )/.test(line)),
    ).toBe(true);
    forget(bucket);
    await done(bucket.maand("deploy"));
    expect(requests(bucket)).toEqual([]);
    bucket.removeJob("api");
    await done(bucket.maand("deploy", "--build"));
    expect(linesOf(join(root, id, "jobs/api/data/lifecycle"))).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
    expect(existsSync(join(root, id, "jobs/api/Makefile"))).toBe(false);
  });

  it("can deploy, upgrade and remove jobs with the system's ssh, over one connection per worker", async () => {
    const use = async ({ bucket, workers, lifecycle: run, directory, rollouts }: FleetBucket) => {
      useIn(bucket, OPENSSH);
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { "conf/old": "x", "run.sh": "#!/bin/sh\n" });
      await done(bucket.maand("deploy", "--build"));
      for (const worker of workers) {
        expect(await run("api", worker)).toEqual(["start 0.0.0 1.0.0"]);
        expect(worker.connections()).toBe(1);
        expect(bucket.read("secrets/known_hosts")).toContain(worker.knownHost);
      }
      expect(mastersOf(bucket)).toEqual([]);

      bucket.removeJob("api");
      bucket.job("api", { version: "1.1.0", selectors: ["worker"] }, { "conf/new": "y" });
      await done(bucket.maand("deploy", "--build"));
      for (const worker of workers) {
        expect(await run("api", worker)).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 1.1.0"]);
        expect(await worker.list(`${directory("api")}/conf`)).toEqual(["new"]);
        expect(await worker.read(`${directory("api")}/conf/new`)).toBe("y");
      }
      expect(await rollouts()).toEqual(Object.fromEntries(workers.map(({ host }) => [`api@${host}`, "promoted"])));
      await done(bucket.maand("job", "status", "api"));

      bucket.removeJob("api");
      await done(bucket.maand("deploy", "--build"));
      for (const worker of workers) expect(await worker.list(directory("api"))).toEqual(["data"]);
      expect(mastersOf(bucket)).toEqual([]);
    };
    await withFleetBucket({ count: 2 }, use, { program: installation.program });
  });

  it("can refuse a changed host key and name an unreachable worker with the system's ssh", async () => {
    await withFleetBucket(
      { count: 3 },
      async ({ bucket, workers: [first, second, third], lifecycle: run }) => {
        if (!first || !second || !third) throw new Error("the fleet needs three workers");
        useIn(bucket, OPENSSH);
        bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
        await done(bucket.maand("deploy", "--build"));
        await first.changeHostKey();
        await second.stop();
        bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
        const { code, stderr } = await bucket.maand("deploy", "--build");
        expect(code).toBe(1);
        expect(stderr).toContain(`cannot reach ${first.host}: Host key verification failed`);
        expect(stderr).toMatch(new RegExp(`cannot reach ${second.host}: .*Connection refused`));
        expect(await run("api", first)).toEqual(["start 0.0.0 1.0.0"]);
        expect(await run("api", third)).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 1.1.0"]);
        expect(mastersOf(bucket)).toEqual([]);
      },
      { program: installation.program },
    );
  });

  const OPENSSH = `import { openssh } from "@maand/example-transport-openssh";
    export default defineConfig({ plugins: defaults().remove("ssh", "rsync").add(openssh()) });`;

  /** The processes of ssh that keep a connection open for this bucket. */
  function mastersOf({ root }: Scratch): string[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => commandOf(pid))
      .filter((words) => words.startsWith("ssh") && words.includes(root));
  }

  function commandOf(pid: string): string {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  }
});
