import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MAAND } from "../support/bucket/maand.ts";
import { until } from "../support/fleet/until.ts";
import { freePort, type Postgres, startPostgres } from "../support/postgres/postgres.ts";
import { ENVIRONMENT, type TeamBucket, teamBucket } from "../support/postgres/team-bucket.ts";

let postgres: Postgres;
const buckets: TeamBucket[] = [];
beforeAll(async () => {
  process.env.PGPASSWORD = ENVIRONMENT.PGPASSWORD;
  postgres = await startPostgres();
});
afterAll(async () => {
  delete process.env.PGPASSWORD;
  for (const bucket of buckets) bucket.dispose();
  await postgres.dispose();
});

async function aBucket(conf = "", url = postgres.database()): Promise<TeamBucket> {
  const bucket = await teamBucket(url, conf);
  buckets.push(bucket);
  return bucket;
}

const DONE = ["restart 1.0.0", "restart 1.0.0"];

it("a deploy succeeds if the database is killed and started again meanwhile", async () => {
  const bucket = await aBucket();
  const run = await bucket.deployTo("1.0.0");
  await postgres.kill();
  bucket.open();
  await postgres.start();
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
});

it("a deploy succeeds if the database freezes for a moment", async () => {
  const bucket = await aBucket();
  const run = await bucket.deployTo("1.0.0");
  postgres.signal("SIGSTOP");
  bucket.open();
  postgres.signal("SIGCONT");
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
});

it("a deploy starts nothing new while the database is unreachable; the next deploy resumes, and runs nothing twice", async () => {
  const bucket = await aBucket("store_timeout = 1\n");
  const run = await bucket.deployTo("1.0.0");
  await postgres.stop();
  bucket.open();
  const { code, stderr } = await run.ended;
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot be reached") });
  expect(stderr).not.toMatch(/secret@|\n\s+at /);
  expect(bucket.starts("1.0.0")).toEqual(DONE.slice(1));
  const refused = await bucket.maand("deploy");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("check that the database runs") });
  await postgres.start();
  expect(await bucket.maand("deploy", "--wait=60s")).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
});

it("the next deploy on the same machine resumes a killed deploy immediately, and runs nothing twice", async () => {
  const bucket = await aBucket();
  const run = await bucket.deployTo("1.0.0");
  run.kill("SIGKILL");
  await run.ended;
  bucket.open();
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
});

it("a deploy that was frozen until another command took its lease starts nothing new, and reports that it lost the lease", async () => {
  const url = postgres.database();
  const bucket = await aBucket("", url);
  const run = await bucket.deployTo("1.0.0");
  run.kill("SIGSTOP");
  postgres.sql(url, "UPDATE maand.lease SET expires_at = clock_timestamp() - interval '1 ms'");
  const other = bucket.copy();
  expect(await other.maand("build")).toMatchObject({ code: 0 });
  run.kill("SIGCONT");
  bucket.open();
  const { code, stderr } = await run.ended;
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("the lease of the bucket was lost"),
  });
  expect(bucket.starts("1.0.0")).toEqual(DONE.slice(1));
  other.dispose();
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
});

it("a command is refused while another machine deploys, and runs afterwards with --wait", async () => {
  const bucket = await aBucket();
  const other = bucket.copy();
  const run = await bucket.deployTo("1.0.0");
  const refused = await other.maand("build");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/the bucket is in use by maand deploy \(\S+ on \S+, pid \d+, since /);
  expect(await other.maand("unlock")).toMatchObject({
    code: 3,
    stdout: expect.stringContaining("its lease expires in"),
  });
  expect(await other.maand("status")).toMatchObject({ code: 0 });
  expect(await other.maand("build", "--wait=0.1s")).toMatchObject({ code: 3 });
  const waiting = other.start(["build", "--wait"], { env: ENVIRONMENT });
  await waiting.prints("waiting: the bucket is in use by maand deploy");
  bucket.open();
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(await waiting.ended).toMatchObject({ code: 0 });
  expect(await other.maand("unlock")).toMatchObject({ code: 0, stdout: "no command uses the bucket\n" });
  other.dispose();
});

it("a command reports that too few file descriptors are left for its thread, instead of waiting", async () => {
  const bucket = await aBucket();
  const errors: string[] = [];
  for (let limit = 24; limit <= 40; limit += 2) {
    const words = ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", process.execPath, MAAND, "status"];
    const { status, stderr } = spawnSync("sh", words, { cwd: bucket.root, env: { ...process.env, ...ENVIRONMENT } });
    if (status !== 0) errors.push(stderr.toString());
  }
  expect(errors.filter((text) => text.includes("raise the limit of open files"))).not.toEqual([]);
  expect(errors.filter((text) => text.includes("no response in time"))).toEqual([]);
});

it("a command reports a wrong password without showing it", async () => {
  const bucket = await aBucket();
  const { code, stdout, stderr } = await bucket.start(["status"], { env: { PGPASSWORD: "of-another" } }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/refuses the user or the password/);
  expect(stdout + stderr).not.toMatch(/of-another|secret/);
  bucket.write("maand.conf", `store_password_command = ["printf", "secret"]\n${bucket.read("maand.conf")}`);
  expect(await bucket.start(["status"], { env: {} }).ended).toMatchObject({ code: 0 });
});

const POOLER = "/usr/sbin/pgbouncer";

it.skipIf(!existsSync(POOLER))("commands work through a pooler in transaction mode", async () => {
  const url = new URL(postgres.database());
  const bucket = await aBucket("", url.href);
  const port = await freePort();
  const pooler = await startPooler(port, url);
  try {
    const through = `postgres://maand@127.0.0.1:${port}${url.pathname}`;
    const env = { ...ENVIRONMENT, MAAND_STORE: through };
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.start(["deploy", "--build"], { env }).ended).toMatchObject({ code: 0 });
    expect(await bucket.start(["deploy"], { env }).ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("0 promoted, 2 unchanged"),
    });
  } finally {
    await pooler.stop();
  }
});

async function startPooler(port: number, url: URL) {
  const home = mkdtempSync(join(tmpdir(), "maand-pooler-"));
  const name = url.pathname.slice(1);
  writeFileSync(join(home, "users"), '"maand" "secret"\n');
  writeFileSync(
    join(home, "pgbouncer.ini"),
    `[databases]\n${name} = host=127.0.0.1 port=${url.port} dbname=${name}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_type = plain\nauth_file = ${join(home, "users")}\npool_mode = transaction\ndefault_pool_size = 2\n`,
  );
  const id = (flag: string) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
  for (const path of [home, join(home, "users"), join(home, "pgbouncer.ini")]) chownSync(path, id("-u"), id("-g"));
  const child = spawn(POOLER, [join(home, "pgbouncer.ini")], {
    uid: id("-u"),
    gid: id("-g"),
    stdio: "ignore",
  });
  const over = new Promise((resolve) => child.once("exit", resolve));
  await until("the pooler to listen", () => listens(port));
  return {
    async stop() {
      child.kill("SIGINT");
      await over;
      rmSync(home, { recursive: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

it("a slow database delays an unchanged deploy by only a few round trips", async () => {
  const url = new URL(postgres.database());
  const bucket = await aBucket("", url.href);
  const proxy = await slowProxy(Number(url.port), 200);
  const env = { ...ENVIRONMENT, MAAND_STORE: `postgres://maand@127.0.0.1:${proxy.port}${url.pathname}` };
  try {
    expect(await bucket.start(["deploy"], { env }).ended).toMatchObject({ code: 0 });
    // including the round trips of connecting and logging in
    expect(proxy.trips()).toBeLessThan(20);
  } finally {
    await proxy.close();
  }
});

/** A proxy that delays each answer, and counts the answers. */
async function slowProxy(target: number, delayMs: number) {
  let trips = 0;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    client.on("data", (data) => upstream.write(data));
    upstream.on("data", (data) => {
      trips += 1;
      setTimeout(() => client.write(data), delayMs);
    });
    client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
    upstream.on("error", () => client.destroy()).on("close", () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return { port: address.port, trips: () => trips, close: () => new Promise((resolve) => server.close(resolve)) };
}
