import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";

/** Tests disabling and draining, command by command. */

let bucket: LocalBucket;
const [ONE, TWO, THREE, FOUR] = ["127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14"];
const STARTED = "start 0.0.0 1.0.0";
const STOPPED = "stop 1.0.0 1.0.0";

/** Every test begins with two jobs that run on four workers. */
let running: LocalBucket;

beforeAll(async () => {
  running = await localBucket(4);
  const certs = { certs: { server: { subject: { common_name: "api" } } } };
  running.job("api", { version: "1.0.0", selectors: ["worker"], ...certs });
  running.job("vault", { version: "1.0.0", selectors: ["worker"] });
  await running.type("maand build && maand deploy");
  for (const host of running.hosts) {
    mkdirSync(join(running.directory("api", host), "logs"), { recursive: true });
    writeFileSync(join(running.directory("api", host), "logs/own.log"), "kept\n");
  }
});

afterAll(() => running.dispose());

beforeEach(() => {
  bucket = running.copy();
});

afterEach(() => bucket.dispose());

/** The workers on which a job was stopped. */
function stopped(job: string): string[] {
  return bucket.hosts.filter((host) => bucket.lifecycle(job, host).includes(STOPPED));
}

interface Allocation {
  readonly job: string;
  readonly worker_ip: string;
  readonly disabled: number;
  readonly removed: number;
}

async function allocations(): Promise<Record<string, string>> {
  const rows = await bucket.json<Allocation[]>("cat", "allocations");
  return Object.fromEntries(rows.map((row) => [`${row.job}@${row.worker_ip}`, `${row.disabled}${row.removed}`]));
}

interface Entry {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
}

const kv = async () =>
  (await bucket.json<Entry[]>("cat", "kv", "--active")).map(({ namespace, key, value }) => ({ namespace, key, value }));

describe("disabled.json", () => {
  it("disables nothing if it is missing or empty", async () => {
    expect(new Set(Object.values(await allocations()))).toEqual(new Set(["00"]));
    bucket.disable({});
    await bucket.type("maand build");
    expect(new Set(Object.values(await allocations()))).toEqual(new Set(["00"]));
  });

  it("with an allocation stops that allocation, and the others keep running", async () => {
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build\nmaand deploy");
    expect(stopped("api")).toEqual([TWO]);
    expect(stopped("vault")).toEqual([]);
    for (const host of [ONE, THREE, FOUR]) expect(bucket.lifecycle("api", host ?? "")).toEqual([STARTED]);
  });

  it("with a job stops all its allocations, and deploys do not sync or run the job", async () => {
    bucket.disable({ jobs: { api: {} } });
    await bucket.type("maand build\nmaand deploy");
    expect(stopped("api")).toEqual(bucket.hosts);
    expect(stopped("vault")).toEqual([]);
    bucket.write("workspace/jobs/api/new.conf", "new\n");
    await bucket.type("maand build\nmaand deploy\nmaand deploy --force");
    for (const host of bucket.hosts) {
      expect(bucket.lifecycle("api", host)).toEqual([STARTED, STOPPED]);
      expect(bucket.files("api", host)).not.toContain("new.conf");
    }
  });

  it("with a worker stops all jobs on it, and keeps their definitions", async () => {
    bucket.disable({ workers: [THREE] });
    await bucket.type("maand build\nmaand deploy");
    expect([stopped("api"), stopped("vault")]).toEqual([[THREE], [THREE]]);
    expect((await bucket.json<unknown[]>("cat", "jobs")).length).toBe(2);
  });

  it("may contain both jobs and workers", async () => {
    bucket.disable({ jobs: { vault: { allocations: [ONE] } }, workers: [FOUR] });
    await bucket.type("maand build\nmaand deploy");
    expect([stopped("api"), stopped("vault")]).toEqual([[FOUR], [ONE, FOUR]]);
    expect(await allocations()).toMatchObject({ [`vault@${ONE}`]: "10", [`api@${FOUR}`]: "10", [`api@${ONE}`]: "00" });
  });
});

describe("for a disabled allocation", () => {
  it("the catalog keeps KV entries, index and certificates, and marks it as disabled", async () => {
    const before = await kv();
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build");
    expect((await allocations())[`api@${TWO}`]).toBe("10");
    const own = (entries: readonly Entry[]) =>
      entries.filter(({ namespace }) => namespace === `maand/job/api/worker/${TWO}`);
    expect(own(await kv())).toEqual(own(before));
    expect(own(before).map(({ key }) => key)).toEqual(
      expect.arrayContaining(["api_allocation_index", "certs/server.crt", "certs/server.key", "peer_workers"]),
    );
    bucket.disable({});
    await bucket.type("maand build");
    expect((await allocations())[`api@${TWO}`]).toBe("00");
    expect(await kv()).toEqual(before);
  });

  it("a build updates its published values as for an active allocation", async () => {
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build");
    const peers = async (host = "") =>
      (await kv()).find(({ namespace, key }) => namespace === `maand/job/api/worker/${host}` && key === "peer_workers")
        ?.value;
    expect([await peers(TWO), await peers(ONE)]).toEqual([`${ONE},${THREE},${FOUR}`, `${TWO},${THREE},${FOUR}`]);
    bucket.workers({ host: ONE }, { host: TWO }, { host: THREE });
    await bucket.type("maand build");
    expect([await peers(TWO), await peers(ONE)]).toEqual([`${ONE},${THREE}`, `${TWO},${THREE}`]);
  });

  it("a deploy stops it once, and keeps its files, data, logs, promotion and KV entries", async () => {
    const before = { files: bucket.files("api", TWO ?? ""), kv: await kv() };
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build\nmaand deploy\nmaand deploy");
    expect(bucket.lifecycle("api", TWO ?? "")).toEqual([STARTED, STOPPED]);
    expect(bucket.files("api", TWO ?? "")).toEqual(before.files);
    expect(before.files).toEqual(expect.arrayContaining(["Makefile", "certs", "data", "logs", "manifest.json"]));
    const rows = await bucket.json<{ worker_ip: string; previous_hash: string | null }[]>(
      "cat",
      "deployments",
      "--jobs",
      "api",
    );
    expect(rows.find(({ worker_ip }) => worker_ip === TWO)?.previous_hash).toMatch(/^[0-9a-f]{64}$/);
    const own = (entries: readonly Entry[]) =>
      entries.filter(({ namespace }) => namespace === `maand/job/api/worker/${TWO}`);
    expect(own(await kv())).toEqual(own(before.kv));
  });

  it("a deploy stops nothing if it never ran", async () => {
    bucket.job("late", { version: "1.0.0", selectors: ["worker"] });
    bucket.disable({ jobs: { late: {} } });
    await bucket.type("maand build\nmaand deploy");
    for (const host of bucket.hosts) expect(bucket.lifecycle("late", host)).toEqual([]);
    expect((await bucket.rollouts())[`late@${ONE}`]).toMatch(/^disabled/);
  });

  it("a dry run shows stop, or stop+promote with a change, or promote with a change after the stop", async () => {
    bucket.disable({ jobs: { api: { allocations: [TWO] }, vault: { allocations: [TWO] } } });
    bucket.job("vault", { version: "2.0.0", selectors: ["worker"] });
    await bucket.type("maand build");
    expect(await bucket.planned()).toMatchObject({
      [`api@${TWO}`]: "stop",
      [`vault@${TWO}`]: "stop+promote",
      [`api@${ONE}`]: "skip",
    });
    expect(await bucket.rollouts()).toMatchObject({ [`api@${TWO}`]: "disabled", [`vault@${TWO}`]: "disabled_restart" });
    await bucket.type("maand deploy");
    expect(await bucket.rollouts()).toMatchObject({ [`api@${TWO}`]: "disabled", [`vault@${TWO}`]: "disabled" });
    bucket.write("workspace/jobs/api/new.conf", "new\n");
    await bucket.type("maand build");
    expect((await bucket.planned())[`api@${TWO}`]).toBe("promote");
    expect((await bucket.rollouts())[`api@${TWO}`]).toBe("disabled_restart");
  });

  it("a deploy promotes new content and a new version, but syncs and starts nothing", async () => {
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build\nmaand deploy");
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] }, { "new.conf": "new\n" });
    await bucket.type("maand build\nmaand deploy");
    const rows = await bucket.json<Record<string, unknown>[]>("cat", "deployments", "--jobs", "api");
    const [drained, active] = [TWO, ONE].map((host) => rows.find(({ worker_ip }) => worker_ip === host));
    expect(drained).toMatchObject({ rollout: "disabled", current_version: "2.0.0", new_version: "2.0.0" });
    expect(drained?.previous_hash).toBe(drained?.current_hash);
    expect(active).toMatchObject({ rollout: "promoted", current_version: "2.0.0" });
    expect(bucket.lifecycle("api", TWO ?? "")).toEqual([STARTED, STOPPED]);
    expect(bucket.files("api", TWO ?? "")).not.toContain("new.conf");
  });

  it("maand job skips it, and maand cat still shows it", async () => {
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build\nmaand deploy\nmaand job start api\nmaand job restart api");
    expect(bucket.lifecycle("api", TWO ?? "")).toEqual([STARTED, STOPPED]);
    expect(bucket.lifecycle("api", ONE ?? "")).toHaveLength(3);
    expect(await bucket.maand("job", "start", "api", "--allocations", TWO ?? "")).toMatchObject({ code: 2 });
    expect(await bucket.type("maand cat allocations --jobs api")).toContain(TWO);
    expect(await bucket.type("maand cat deployments --jobs api")).toContain("disabled");
  });
});

describe("a disabled allocation", () => {
  it.each([
    ["its entry in disabled.json is removed", () => bucket.disable({ jobs: { api: { allocations: [] } } })],
    ["{} is written", () => bucket.disable({})],
    ["disabled.json is deleted", () => rmSync(join(bucket.root, "workspace/disabled.json"))],
  ])("is started by the next deploy after %s, without other changes in the workspace", async (_, enable) => {
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build\nmaand deploy");
    const before = await bucket.json<Record<string, unknown>[]>("cat", "deployments", "--jobs", "api");
    enable();
    await bucket.type("maand build");
    expect(await bucket.planned()).toMatchObject({ [`api@${TWO}`]: "start", [`api@${ONE}`]: "skip" });
    await bucket.type(`maand deploy\nmaand job status api --allocations ${TWO}`);
    expect(bucket.lifecycle("api", TWO ?? "").slice(0, 3)).toEqual([STARTED, STOPPED, "start 1.0.0 1.0.0"]);
    expect(bucket.lifecycle("api", ONE ?? "")).toEqual([STARTED]);
    const after = await bucket.json<Record<string, unknown>[]>("cat", "deployments", "--jobs", "api");
    expect(after.map(({ previous_hash }) => previous_hash)).toEqual(before.map(({ previous_hash }) => previous_hash));
    expect(after.map(({ rollout }) => rollout)).toEqual(bucket.hosts.map(() => "promoted"));
  });
});

describe("a removed allocation", () => {
  it("keeps only its data, its logs and (until gc) its row; a disabled allocation also keeps its files and KV entries", async () => {
    bucket.disable({ jobs: { vault: {} } });
    bucket.removeJob("api");
    await bucket.type("maand build");
    expect(await allocations()).toMatchObject({ [`vault@${ONE}`]: "10", [`api@${ONE}`]: "01" });
    await bucket.type("maand deploy");
    expect(bucket.files("vault", ONE ?? "")).toEqual(["Makefile", "certs", "data", "manifest.json"]);
    expect(bucket.files("api", ONE ?? "")).toEqual(["data", "logs"]);
    expect(await bucket.rollouts()).toMatchObject({ [`vault@${ONE}`]: "disabled", [`api@${ONE}`]: "removed" });
    const rows = await bucket.json<Record<string, unknown>[]>("cat", "deployments");
    expect(rows.find(({ job }) => job === "api")).toMatchObject({ previous_hash: null });
    expect(rows.find(({ job }) => job === "vault")).toMatchObject({ previous_hash: expect.any(String) });
    const spaces = (await kv()).map(({ namespace }) => namespace);
    expect(spaces.some((namespace) => namespace.startsWith("maand/job/api"))).toBe(false);
    expect(spaces.some((namespace) => namespace.startsWith("maand/job/vault"))).toBe(true);
  });

  it("of a removed worker is stopped and cleaned up, and keeps its row until gc", async () => {
    bucket.workers({ host: ONE }, { host: TWO }, { host: THREE });
    await bucket.type("maand build\nmaand deploy");
    expect([stopped("api"), stopped("vault")]).toEqual([[FOUR], [FOUR]]);
    expect(bucket.files("api", FOUR ?? "")).toEqual(["data", "logs"]);
    expect((await allocations())[`api@${FOUR}`]).toBe("01");
    await bucket.type("maand job restart api");
    expect(bucket.lifecycle("api", ONE ?? "")).toHaveLength(2);
    expect(bucket.lifecycle("api", FOUR ?? "")).toEqual([STARTED, STOPPED]);
    expect(await bucket.maand("job", "restart", "api", "--allocations", FOUR ?? "")).toMatchObject({ code: 2 });
    await bucket.type("maand gc");
    expect((await allocations())[`api@${FOUR}`]).toBeUndefined();
  });

  it("is stopped by the deploy after a build, and deleted by gc", async () => {
    bucket.removeJob("api");
    await bucket.type("maand build\nmaand deploy\nmaand gc");
    for (const host of bucket.hosts) expect(bucket.files("api", host)).toEqual([]);
    expect(Object.keys(await allocations()).some((name) => name.startsWith("api@"))).toBe(false);
  });
});

describe("the documented commands", () => {
  it("put one worker into maintenance, and take it out again", async () => {
    await bucket.type(`cat > workspace/disabled.json <<'EOF'
{ "workers": ["${THREE}"] }
EOF
maand build && maand deploy`);
    expect([stopped("api"), stopped("vault")]).toEqual([[THREE], [THREE]]);
    await bucket.type(`echo '{}' > workspace/disabled.json
maand build && maand deploy`);
    for (const job of ["api", "vault"])
      expect(bucket.lifecycle(job, THREE ?? "")).toEqual([STARTED, STOPPED, "start 1.0.0 1.0.0"]);
  });

  it("pause a job on all workers while changes to its configuration are still promoted", async () => {
    bucket.disable({ jobs: { api: {} } });
    await bucket.type("maand build && maand deploy");
    bucket.write("workspace/jobs/api/app.conf", "one\n");
    await bucket.type("maand build && maand deploy");
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] }, { "app.conf": "two\n" });
    await bucket.type("maand build && maand deploy");
    for (const host of bucket.hosts) expect(bucket.lifecycle("api", host)).toEqual([STARTED, STOPPED]);
    expect((await bucket.rollouts())[`api@${ONE}`]).toBe("disabled");
    bucket.disable({});
    await bucket.type("maand build && maand deploy");
    for (const host of bucket.hosts) {
      expect(bucket.lifecycle("api", host)).toEqual([STARTED, STOPPED, "start 1.1.0 1.1.0"]);
      expect(bucket.files("api", host)).toContain("app.conf");
    }
  });

  it("show a disabled worker in tables and in a dry run", async () => {
    bucket.disable({ jobs: { api: {} } });
    await bucket.type("maand build");
    expect(await bucket.type("maand cat allocations --jobs api")).toMatch(new RegExp(`${ONE}.* 1 .* 0 `));
    expect(await bucket.type("maand cat deployments --jobs api")).toMatch(/ disabled /);
    expect(await bucket.type("maand deploy --dry-run")).toContain(`job "api" on ${ONE}: stop`);
    await bucket.type("maand deploy");
    bucket.disable({});
    await bucket.type("maand build");
    expect(await bucket.type("maand deploy --dry-run")).toMatch(new RegExp(`${ONE} +start`));
  });
});
