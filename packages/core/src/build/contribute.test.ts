import { afterEach, describe, expect, it } from "vitest";
import type { ContributeContext } from "../plugin-api/contexts.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { prepareBucket } from "../run/prepare.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";

const buckets: TestBucket[] = [];

afterEach(() => {
  for (const bucket of buckets.splice(0)) bucket.dispose();
});

function withTap(tap: (context: ContributeContext) => void | Promise<void>): TestBucket {
  const plugin: Plugin = {
    name: "certs",
    apply: (hooks) => hooks.contribute.tapPromise("certs", async (context) => tap(context)),
  };
  const bucket = aBucket({ plugins: [plugin] });
  buckets.push(bucket);
  bucket.workers(A, B);
  bucket.job("api", { selectors: ["worker"] });
  return bucket;
}

async function valuesOf(bucket: TestBucket, namespace: string): Promise<Record<string, string>> {
  const maand = await bucket.open();
  const values = maand.kv.keys(namespace).map((key) => [key, maand.kv.find(namespace, key)]);
  maand.close();
  return Object.fromEntries(values);
}

/** A plugin that contributes one certificate per allocation and creates the missing ones. */
function certify(names: readonly string[]) {
  let made = 0;
  return ({ job, allocations, workers, kv }: ContributeContext) => {
    kv.sync("maand/worker", "certs/", { "certs/ca.crt": "CA" });
    for (const { host } of allocations) {
      const place = `maand/job/${job.name}/worker/${host}`;
      const stored = (key: string) => kv.find(place, key) ?? `${workers.get(host)?.host}#${++made}`;
      const entries = names
        .flatMap((name) => [`certs/${name}.crt`, `certs/${name}.key`])
        .map((key) => [key, stored(key)]);
      kv.sync(place, "certs/", Object.fromEntries(entries));
    }
  };
}

describe("a contribution of a plugin", () => {
  it("is stored with encrypted private keys, and keeps its version if the next build contributes the same", async () => {
    const bucket = withTap(certify(["own"]));
    await bucket.build();
    await bucket.build();
    const own = { "certs/own.crt": `${A}#1`, "certs/own.key": `${A}#2` };
    expect(await valuesOf(bucket, `maand/job/api/worker/${A}`)).toMatchObject(own);
    expect(await valuesOf(bucket, "maand/worker")).toMatchObject({ "certs/ca.crt": "CA", worker_workers: `${A},${B}` });
    const maand = await bucket.open();
    const row = maand.store.kv.newest(`maand/job/api/worker/${A}`, "certs/own.key");
    maand.close();
    expect(row).toMatchObject({ version: 1, value: expect.stringMatching(/^enc:v1:/) });
  });

  it("is deleted if its plugin no longer contributes it, while other contributions stay", async () => {
    const names = ["own", "other"];
    const bucket = withTap(certify(names));
    await bucket.ship();
    names.pop();
    await bucket.build();
    const kept = await valuesOf(bucket, `maand/job/api/worker/${A}`);
    expect(Object.keys(kept)).toEqual([
      "api_allocation_index",
      "certs/own.crt",
      "certs/own.key",
      "peer_workers",
      "version",
    ]);
    names.pop();
    await bucket.build();
    expect(Object.keys(await valuesOf(bucket, `maand/job/api/worker/${A}`))).not.toContain("certs/own.crt");
  });

  it("is kept if its plugin contributes nothing at all, and is deleted with its allocation", async () => {
    let silent = false;
    const tap = certify(["own"]);
    const bucket = withTap((context) => (silent ? undefined : tap(context)));
    await bucket.build();
    silent = true;
    bucket.workers(A);
    await bucket.build();
    expect(await valuesOf(bucket, `maand/job/api/worker/${A}`)).toMatchObject({ "certs/own.crt": `${A}#1` });
    expect(await valuesOf(bucket, "maand/worker")).toMatchObject({ "certs/ca.crt": "CA" });
    expect(await valuesOf(bucket, `maand/job/api/worker/${B}`)).toEqual({});
  });

  it("is discarded together with the catalog if the plugin fails", async () => {
    const tap = certify(["own"]);
    const bucket = withTap((context) => {
      tap(context);
      if (context.job.name === "web") throw new Error("no entropy");
    });
    await bucket.build();
    bucket.job("web", { selectors: ["worker"] });
    bucket.workers(A, B, "10.0.0.3");
    await expect(bucket.build()).rejects.toMatchObject({
      code: "HOOK_FAILED",
      message: expect.stringContaining("no entropy"),
    });
    expect(await valuesOf(bucket, "maand/bucket")).toMatchObject({ jobs: "api" });
    expect(await valuesOf(bucket, "maand/job/api/worker/10.0.0.3")).toEqual({});
  });

  it.each([
    ["another job's namespace", "maand/job/web", "KV_REFUSED"],
    ["another job's allocation", `maand/job/web/worker/${A}`, "KV_REFUSED"],
    ["values that the build reads from files", "vars/bucket", "KV_REFUSED"],
  ])("cannot contain %s", async (_, namespace, code) => {
    const bucket = withTap(({ kv }) => kv.sync(namespace, "certs/", {}));
    await expect(bucket.build()).rejects.toMatchObject({ code });
  });

  it("may cover all allocations in one call, which deletes the entries of allocations that it omits", async () => {
    let hosts = [A, B];
    const bucket = withTap(({ kv, job: { name } }) =>
      kv.syncAllocations("certs/", new Map(hosts.map((host) => [host, { "certs/own": `${name} ${host}` }]))),
    );
    await bucket.build();
    hosts = [B];
    await bucket.build();
    expect(await valuesOf(bucket, `maand/job/api/worker/${A}`)).not.toHaveProperty("certs/own");
    expect(await valuesOf(bucket, `maand/job/api/worker/${B}`)).toMatchObject({ "certs/own": `api ${B}` });
    hosts = ["10.0.0.9"];
    await expect(bucket.build()).rejects.toMatchObject({ code: "KV_REFUSED" });
  });

  it("is refused if a key does not begin with the declared prefix", async () => {
    const bucket = withTap(({ kv }) => kv.sync("maand/worker", "certs/", { worker_workers: "none" }));
    await expect(bucket.build()).rejects.toMatchObject({
      code: "HOOK_FAILED",
      message: expect.stringContaining('"worker_workers" of maand/worker does not begin with "certs/"'),
    });
  });
});

describe("the contributions for several jobs", () => {
  it("are computed in parallel and stored in the order of the jobs", async () => {
    const under = { way: 0, most: 0 };
    const bucket = withTap(async ({ job, kv }) => {
      under.way += 1;
      under.most = Math.max(under.most, under.way);
      await new Promise((resolve) => setTimeout(resolve, job.name === "api" ? 20 : 1));
      under.way -= 1;
      kv.sync("maand/worker", "certs/", { "certs/ca.crt": job.name });
    });
    for (const name of ["db", "web"]) bucket.job(name, { selectors: ["worker"] });
    await bucket.build();
    expect(under.most).toBe(3);
    expect(await valuesOf(bucket, "maand/worker")).toMatchObject({ "certs/ca.crt": "web" });
  });

  it("are all awaited even if one of them fails", async () => {
    const ended: string[] = [];
    const bucket = withTap(async ({ job }) => {
      if (job.name === "api") throw new Error("no");
      await new Promise((resolve) => setTimeout(resolve, 10));
      ended.push(job.name);
    });
    bucket.job("db", { selectors: ["worker"] });
    await expect(bucket.build()).rejects.toThrow("certs failed in contribute: no");
    expect(ended).toEqual(["db"]);
  });
});

describe("the init hook", () => {
  it("receives the bucket and its clock while the lock is held", async () => {
    const received: unknown[] = [];
    const plugin: Plugin = {
      name: "starter",
      apply: (hooks) =>
        hooks.init.tapPromise("starter", async ({ bucket: { id, root }, run, now }) => {
          received.push([id, root, run.command, now().getTime()]);
          const second = await bucket.open();
          await expect(prepareBucket(second, { created: true })).rejects.toMatchObject({ code: "BUSY" });
          second.close();
        }),
    };
    const bucket = aBucket({ plugins: [plugin], now: () => new Date(5) });
    buckets.push(bucket);
    const maand = await bucket.open();
    await prepareBucket(maand, { created: true });
    maand.close();
    expect(received).toEqual([[maand.bucketId, bucket.root, "init", 5]]);
  });
});
