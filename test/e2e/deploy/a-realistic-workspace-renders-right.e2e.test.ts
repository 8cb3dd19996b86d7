import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localJob, type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { missingPackages, postgresSetting, runProgram, startRedis } from "../../support/realistic/consumers.ts";
import { copyWorkspace, putSecrets, SECRETS } from "../../support/realistic/workspace.ts";

const [ANT, BEE, COW, DOG, EEL] = ["127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14", "127.0.0.15"] as const;

let bucket: Scratch;

beforeAll(async () => {
  const missing = missingPackages();
  if (missing.length > 0) throw new Error(`programs are missing; on Debian: apt-get install ${missing.join(" ")}`);
  bucket = await scratch('certs_key = "ecdsa-p256"\n');
  copyWorkspace(bucket.root);
  expect(await bucket.maand("build")).toMatchObject({ code: 0 });
});

afterAll(() => bucket?.dispose());

/** The directory of a job on a worker. */
function on(host: string, job: string): string {
  const directory = localJob(bucket, host, job);
  if (directory === undefined) throw new Error(`nothing was delivered to ${host}`);
  return directory;
}

function file(host: string, job: string, path: string): string {
  return readFileSync(join(on(host, job), path), "utf8");
}

/** Parses lines of the form `key=value`. */
function properties(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** A value of the KV store. */
async function value(namespace: string, key: string): Promise<string> {
  return (await bucket.json<{ value: string }>("cat", "kv", "get", namespace, key)).value;
}

interface Dry {
  readonly waves: readonly { readonly jobs: readonly { readonly job: string }[] }[];
  readonly failures: readonly { readonly job: string; readonly message: string }[];
}

it("a dry run without secrets names the jobs that lack them, plans the other jobs, and exits with 1", async () => {
  const { waves, failures } = await bucket.json<Dry>("deploy", "--dry-run");
  expect(failures.map(({ job }) => job).sort()).toEqual(["broker", "postgres", "redis", "web"]);
  expect(failures.find(({ job }) => job === "redis")?.message).toMatch(
    /^workspace\/jobs\/redis\/redis\.conf\.tpl:6:\d+: .*secrets\/job\/redis has no key "password"/,
  );
  const planned = waves.flatMap(({ jobs }) => jobs.map(({ job }) => job));
  expect(planned.sort()).toEqual(["agent", "app", "controller", "cron", "ensemble", "haproxy", "metrics"]);
  const { code, stdout } = await bucket.maand("deploy", "--dry-run");
  expect(code).toBe(1);
  expect(stdout).toContain('job "web": workspace/jobs/web/htpasswd.tpl:1:');
});

describe("after a deploy of a realistic workspace", () => {
  beforeAll(async () => {
    await putSecrets(bucket.root);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  });

  it("workers have rendered files, but no templates and no modules", () => {
    expect(existsSync(join(on(COW, "postgres"), "postgresql.conf.tpl"))).toBe(false);
    expect(existsSync(join(on(COW, "postgres"), "_modules"))).toBe(false);
    for (const [host, job, path] of [
      [COW, "postgres", "postgresql.conf"],
      [ANT, "web", "nginx.conf"],
      [BEE, "broker", "server.properties"],
    ] as const)
      expect(file(host, job, path)).not.toMatch(/\{\{|<no value>/);
  });

  it.each([ANT, BEE])("nginx accepts its configuration file on %s", async (host) => {
    const directory = on(host, "web");
    const { code, stderr } = await runProgram("nginx-light", [
      "-t",
      "-p",
      directory,
      "-c",
      join(directory, "nginx.conf"),
    ]);
    expect(stderr).toContain("test is successful");
    expect(code).toBe(0);
    const config = file(host, "web", "nginx.conf");
    expect(config).toContain(`worker_processes ${host === ANT ? 2 : 4};`);
    const port = await value("maand/job/app", "port_app");
    const other = host === ANT ? BEE : ANT;
    expect(config).toContain(`server ${host}:${port} max_fails=2;`);
    expect(config).toContain(`server ${other}:${port} backup max_fails=2;`);
    expect(file(host, "web", "html/index.html")).toContain(`Fish &amp; Chips web on ${host}`);
    expect(file(host, "web", "htpasswd")).toBe(`operator:${SECRETS.web?.operator_hash}\n`);
  });

  it.each([
    [ANT, "web", "web"],
    [BEE, "web", "web"],
    [COW, "postgres", "server"],
  ] as const)("the certificate on %s is valid for its worker", async (host, job, name) => {
    const certs = join(on(host, job), "certs");
    const verify = ["verify", "-CAfile", join(certs, "ca.crt"), "-verify_ip", host, join(certs, `${name}.crt`)];
    expect(await runProgram("openssl", verify)).toMatchObject({ code: 0, stdout: expect.stringContaining("OK") });
    const shown = await runProgram("openssl", ["x509", "-in", join(certs, `${name}.crt`), "-noout", "-pubkey"]);
    const own = await runProgram("openssl", ["pkey", "-in", join(certs, `${name}.key`), "-pubout"]);
    expect(own.stdout).toBe(shown.stdout);
  });

  it.each([
    [COW, 0],
    [DOG, 1],
  ] as const)("postgres accepts its settings on %s", async (host, index) => {
    const directory = on(host, "postgres");
    const expected = {
      shared_buffers: "196608", // pages of 8 kB: a quarter of the 6 GB reserved
      effective_cache_size: "589824",
      maintenance_work_mem: "393216",
      work_mem: "24576",
      port: "21432",
      listen_addresses: `${host},localhost`,
      cluster_name: `shop_${index}`,
      ssl: "on",
      ssl_cert_file: `${directory}/certs/server.crt`,
      data_directory: `${directory}/data/main`,
      log_min_duration_statement: "250",
      max_wal_senders: "4",
      primary_conninfo:
        index === 0
          ? ""
          : `host=${COW} port=21432 user=replication passfile=${directory}/pgpass application_name=shop_1`,
      synchronous_standby_names: index === 0 ? "ANY 1 (shop_1)" : "",
    };
    for (const [setting, wanted] of Object.entries(expected))
      expect([setting, await postgresSetting(directory, setting)]).toEqual([setting, wanted]);
    expect(file(host, "postgres", "pg_hba.conf").trimEnd().split("\n")).toEqual([
      "local all all peer",
      "host all all 127.0.0.1/32 scram-sha-256",
      ...[COW, DOG].map((peer) => `hostssl replication replication ${peer}/32 scram-sha-256`),
      ...[ANT, BEE].map((web) => `hostssl shop shop ${web}/32 scram-sha-256`),
    ]);
    expect(file(host, "postgres", "pgpass")).toBe(
      [COW, DOG].map((peer) => `${peer}:21432:replication:replication:s3cret replication\n`).join(""),
    );
  });

  it("haproxy accepts its configuration", async () => {
    const config = join(on(ANT, "haproxy"), "haproxy.cfg");
    expect(await runProgram("haproxy", ["-c", "-f", config])).toMatchObject({ code: 0 });
    const text = readFileSync(config, "utf8");
    expect(text).toContain("maxconn 8192\n");
    expect(text).toContain(`server web_01 ${ANT}:21443 check weight 1\n  server web_02 ${BEE}:21443 check weight 10\n`);
  });

  it("two redis servers start, and the second replicates the first", async () => {
    const port = await value("maand/job/redis", "port_redis");
    const password = SECRETS.redis?.password ?? "";
    const first = await startRedis(on(DOG, "redis"), { host: DOG, port, password });
    try {
      const second = await startRedis(on(EEL, "redis"), { host: EEL, port, password });
      try {
        await expect
          .poll(() => second.runProgram("info", "replication"), { timeout: 20_000 })
          .toContain("master_link_status:up");
        await expect
          .poll(() => first.runProgram("info", "replication"), { timeout: 20_000 })
          .toContain(`ip=${EEL},port=${port},state=online`);
        expect(await first.runProgram("config", "get", "maxmemory")).toBe(`maxmemory\n${768 * 1024 * 1024}`);
        expect(await second.runProgram("config", "get", "replica-priority")).toBe("replica-priority\n10");
        await first.runProgram("set", "colour", "red");
        await expect.poll(() => second.runProgram("get", "colour")).toBe("red");
      } finally {
        await second.stop();
      }
    } finally {
      await first.stop();
    }
  });

  it("the configuration of each member of the ensemble contains its id and all other members", () => {
    for (const [at, host] of [BEE, COW, DOG].entries()) {
      expect(file(host, "ensemble", "conf/myid")).toBe(`${at + 1}\n`);
      const config = properties(file(host, "ensemble", "conf/zoo.cfg"));
      expect(config).toMatchObject({
        dataDir: `${on(host, "ensemble")}/data`,
        clientPort: "21181",
        clientPortAddress: host,
        "server.1": `${BEE}:21182:21183`,
        "server.2": `${COW}:21182:21183`,
        "server.3": `${DOG}:21182:21183`,
      });
      expect(file(host, "ensemble", "conf/java.env")).toBe('SERVER_JVMFLAGS="-Xmx384m"\n');
    }
  });

  it("the configuration of each broker contains its controller and its index", async () => {
    const port = await value("maand/job/controller", "port_controller");
    const own = await value("maand/job/broker", "port_broker");
    const zones = { [BEE]: "b", [COW]: "a", [DOG]: "b" };
    for (const [at, host] of [BEE, COW, DOG].entries()) {
      expect(properties(file(host, "broker", "server.properties"))).toEqual({
        "broker.id": String(100 + at),
        "broker.rack": zones[host],
        listeners: `PLAINTEXT://${host}:${own}`,
        "log.dirs": `${on(host, "broker")}/data`,
        "log.retention.ms": "2592000000",
        "log.segment.bytes": "536870912",
        "default.replication.factor": "3",
        "zookeeper.connect": `${[BEE, COW, DOG].map((peer) => `${peer}:21181`).join(",")}/orders`,
        controller: `${EEL}:${port}`,
        "controller.token": "t0ken",
      });
    }
    expect(properties(file(EEL, "controller", "controller.properties"))).toEqual({
      cluster: "orders",
      listen: `${EEL}:${port}`,
    });
  });

  it.each([ANT, BEE])("the app's configuration on %s is valid JSON with all addresses", async (host) => {
    expect(JSON.parse(file(host, "app", "app.json"))).toEqual({
      listen: `${host}:${await value("maand/job/app", "port_app")}`,
      admin: `127.0.0.1:${await value("maand/bucket", "app_admin")}`,
      version: "2.3.1",
      workers: 4,
      log_level: "INFO",
      database: `postgres://shop@${COW},${DOG}:21432/shop`,
      cache: `${DOG}:${await value("maand/job/redis", "port_redis")}`,
      sentry: "",
      features: { export: false, search: true },
    });
  });

  it("the configuration of each agent describes its worker", async () => {
    const labels: Readonly<Record<string, readonly string[]>> = {
      [ANT]: ["edge", "web", "worker"],
      [BEE]: ["ensemble", "web", "worker"],
      [COW]: ["db", "ensemble", "worker"],
      [DOG]: ["cache", "db", "ensemble", "worker"],
      [EEL]: ["cache", "cron", "metrics", "worker"],
    };
    const memory: Readonly<Record<string, number>> = {
      [ANT]: 2048,
      [BEE]: 4096,
      [COW]: 16384,
      [DOG]: 16384,
      [EEL]: 1048576,
    };
    const workers = await bucket.json<{ worker_ip: string; worker_id: string; hostname: string; zone: string }[]>(
      "cat",
      "workers",
    );
    const allocations = await bucket.json<{ worker_ip: string; job: string; alloc_id: string }[]>("cat", "allocations");
    const { bucket_id } = await bucket.json<{ bucket_id: string }>("info");
    for (const { worker_ip: host, worker_id, hostname, zone } of workers) {
      const mine = allocations.filter(({ worker_ip }) => worker_ip === host);
      expect(JSON.parse(file(host, "agent", "agent.json"))).toEqual({
        listen: `${host}:21100`,
        worker: worker_id,
        bucket: bucket_id,
        allocation: mine.find(({ job }) => job === "agent")?.alloc_id,
        hostname,
        zone,
        memory_mb: memory[host],
        labels: labels[host],
        jobs: mine
          .map(({ job }) => job)
          .sort()
          .join(","),
        root: join(bucket.root, "data/local", host, bucket_id),
      });
    }
  });

  it("the configuration of the metrics server has a target on every worker", () => {
    const targets: unknown = JSON.parse(file(EEL, "metrics", "targets.json"));
    const expected = [ANT, BEE, COW, DOG, EEL].map((host) => ({
      targets: [`${host}:21100`],
      labels: { worker: host },
    }));
    expect(targets).toEqual(expected);
    expect(properties(file(EEL, "metrics", "metrics.env"))).toMatchObject({
      RETENTION: "30d",
      DELIVERY: "1",
      FROM: "0.0.0",
      TO: "0.5.0",
    });
  });

  it("the cron job has an executable script that runs, and a rendered schedule", async () => {
    const script = join(on(EEL, "cron"), "run.sh");
    expect(statSync(script).mode & 0o111).not.toBe(0);
    expect(await runProgram("sh", [script, "backup"])).toEqual({
      code: 0,
      stderr: "",
      stdout: `backup for shop.example on ${EEL}, keeping 7 days, loud\n`,
    });
    expect(file(EEL, "cron", "crontab")).toBe(
      `SHELL=/bin/sh\n30 2 * * * root ${on(EEL, "cron")}/run.sh backup\n0 6 * * 1 root ${on(EEL, "cron")}/run.sh report\n`,
    );
  });

  it("a second deploy does nothing, and a new version of one job changes only that job", async () => {
    expect((await bucket.maand("deploy", "--build")).stderr).toContain("0 promoted");
    const manifest = "workspace/jobs/metrics/manifest.json";
    bucket.write(manifest, bucket.read(manifest).replace("0.5.0", "0.6.0"));
    expect((await bucket.maand("deploy", "--build")).stderr).toContain("1 promoted");
    expect(properties(file(EEL, "metrics", "metrics.env"))).toMatchObject({
      DELIVERY: "2",
      FROM: "0.5.0",
      TO: "0.6.0",
    });
    expect(await bucket.maand("deploy", "--build", "--dry-run", "--exit-code")).toMatchObject({ code: 0 });
  });

  it("the log of a run contains no secret", async () => {
    const { stdout } = await runProgram("sh", ["-c", 'cat "$1"/*.log "$1"/runs/*/*', "cat", join(bucket.root, "logs")]);
    expect(stdout).toContain("event=run_finished");
    for (const secret of Object.values(SECRETS).flatMap((of) => Object.values(of)))
      expect(stdout).not.toContain(secret);
  });
});
