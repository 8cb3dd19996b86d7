import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initBucket } from "../../bucket/init.ts";
import type { OpenedBucket } from "../../bucket/open.ts";
import { build } from "../../build/build.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";
import { type KvView, kvEntries, kvEntry } from "../../store/views/kv-entries.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import { kvReader } from "./kv-reader.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers(A, { host: B, labels: ["db"], tags: { zone: "eu-1" } });
});

afterEach(() => bucket.dispose());

async function opened<T>(work: (maand: OpenedBucket) => T | Promise<T>): Promise<T> {
  const maand = await bucket.open();
  try {
    return await work(maand);
  } finally {
    maand.close();
  }
}

type Row = Omit<KvView, "value" | "createdDate"> & { readonly value: string };

/** The entries of `cat kv`, by namespace. */
function listed(jobs: readonly string[] = []): Promise<Row[]> {
  return opened(({ store, key }) =>
    [...kvEntries(store, { key: () => key }, jobs)].map(({ createdDate: _, value, ...row }) => ({
      ...row,
      value: value(),
    })),
  );
}

/** Live values of a namespace. */
function values(namespace: string): Promise<Record<string, string>> {
  return opened(({ kv }) => Object.fromEntries(kv.keys(namespace).map((key) => [key, kv.find(namespace, key) ?? ""])));
}

function put(namespace: string, key: string, value: string): Promise<void> {
  return opened(({ kv }) => kv.put(namespace, key, value));
}

/** Reads entries as a template of this allocation does. */
function reading<T>(job: string, host: string, read: (kv: ReturnType<typeof kvReader>) => T): Promise<T> {
  return opened(({ kv, store }) => {
    const found = store.catalog.read().jobs.find(({ name }) => name === job);
    if (!found) throw new Error(`no job ${job}`);
    return read(kvReader(kv, found, [host]));
  });
}

describe("a build", () => {
  it("publishes the entries of the bucket, its workers, jobs and allocations", async () => {
    bucket.write("bucket.conf", 'port_min = "30000"\nport_max = "30009"\ndomain = "example.org"\n');
    bucket.write("bucket.jobs.conf", '[api]\nmemory = "0"\nreplicas = "3"\n');
    bucket.job(
      "api",
      { version: "1.0.0", resources: { ports: { http: {} } }, selectors: ["worker"] },
      {
        "vars.toml": 'color = "red"\n',
      },
    );
    await bucket.build();
    expect(await values("vars/bucket")).toEqual({ port_min: "30000", port_max: "30009", domain: "example.org" });
    expect(await values("vars/bucket/job/api")).toEqual({ memory: "0", replicas: "3" });
    expect(await values("vars/job/api")).toEqual({ color: "red" });
    expect(await values("maand/bucket")).toMatchObject({ http: "30000", jobs: "api", activejobs: "api" });
    expect(await values(`maand/worker/${B}/tags`)).toEqual({ zone: "eu-1" });
    expect(await values(`maand/job/api/worker/${B}`)).toEqual({ api_allocation_index: "1", peer_workers: A });
    expect(await values("maand/job/api")).toMatchObject({ worker_0: A, worker_1: B, rollout_order: `${A},${B}` });
  });

  it("writes nothing if the workspace has not changed", async () => {
    bucket.job(
      "api",
      { selectors: ["worker"], resources: { ports: { http: {} } } },
      { "vars.toml": 'color = "red"\n' },
    );
    await bucket.build();
    const before = await listed();
    await bucket.build();
    expect(await listed()).toEqual(before);
    expect(new Set(before.map((row) => row.version))).toEqual(new Set([1]));
  });

  it("writes nothing if the workspace has problems", async () => {
    bucket.write("bucket.conf", 'color = "red"\n');
    await bucket.build();
    bucket.write("bucket.conf", 'color = "blue"\n');
    bucket.write("jobs/bad/manifest.json", "{");
    await expect(bucket.build()).rejects.toMatchObject({ code: "PROBLEMS" });
    expect(await values("vars/bucket")).toEqual({ color: "red" });
  });

  it("deletes keys removed from bucket.conf, and keeps keys removed from vars.toml or written by a hook", async () => {
    bucket.write("bucket.conf", 'a = "1"\nb = "2"\n');
    bucket.job("api", { selectors: ["worker"] }, { "vars.toml": 'color = "red"\nsize = "1"\n' });
    await bucket.build();
    await put("vars/job/api", "hook", "put");
    bucket.write("bucket.conf", 'a = "1"\n');
    bucket.write("jobs/api/vars.toml", 'size = "2"\n');
    await bucket.build();
    expect(await values("vars/bucket")).toEqual({ a: "1" });
    expect(await values("vars/job/api")).toEqual({ color: "red", hook: "put", size: "2" });
    const deleted = (await listed()).filter((row) => row.deleted);
    expect(deleted).toMatchObject([{ namespace: "vars/bucket", key: "b", value: "2", version: 2 }]);
  });

  it("refuses a variable that is not a string, with an error that names its file and key", async () => {
    bucket.job("api", { selectors: ["worker"] }, { "vars.toml": "size = 1\n[table]\nx = 1\n" });
    await expect(bucket.build()).rejects.toMatchObject({
      problems: [
        { code: "invalid_vars", where: "workspace/jobs/api/vars.toml: size", hint: 'write size = "1"' },
        { code: "invalid_vars", where: "workspace/jobs/api/vars.toml: table" },
      ],
    });
    bucket.write("jobs/api/vars.toml", "size = \n");
    await expect(bucket.build()).rejects.toMatchObject({ problems: [{ where: "workspace/jobs/api/vars.toml:1" }] });
  });

  it("resets the rollout order to the order of the workers", async () => {
    bucket.job("api", { selectors: ["worker"] });
    await bucket.build();
    await put("maand/job/api", "rollout_order", `${B},${A}`);
    await bucket.build();
    expect(await values("maand/job/api")).toMatchObject({ rollout_order: `${A},${B}` });
  });
});

describe("removing a job or a worker", () => {
  beforeEach(async () => {
    bucket.job("api", { selectors: ["worker"] }, { "vars.toml": 'color = "red"\n' });
    bucket.job("web", { selectors: ["db"] });
    await bucket.build();
    await put("secrets/job/web", "password", "s3cret");
    await put("vars/job/web", "color", "blue");
    await bucket.deploy();
  });

  const live = async (prefix: string) => {
    const rows = (await listed()).filter((row) => !row.deleted && row.namespace.startsWith(prefix));
    return [...new Set(rows.map((row) => row.namespace))];
  };

  it("deletes the entries of a worker, its tags and its allocations", async () => {
    expect(await values(`maand/job/api/worker/${B}`)).toMatchObject({ version: "0.0.0" });
    bucket.workers(A);
    await bucket.build();
    expect(await live("maand/worker/")).toEqual([`maand/worker/${A}`]);
    expect(await live("maand/job/")).toEqual(["maand/job/api", `maand/job/api/worker/${A}`]);
    expect(await values(`maand/job/api/worker/${A}`)).toMatchObject({ peer_workers: "" });
  });

  it("deletes published entries in the build, and variables and secrets in the deploy that removes the job", async () => {
    bucket.removeJob("web");
    await bucket.build();
    expect(await live("maand/job/web")).toEqual([]);
    expect(await live("secrets/")).toEqual(["secrets/job/web"]);
    expect(await live("vars/job/")).toEqual(["vars/job/api", "vars/job/web"]);
    bucket.fleet.fail(`remove web@${B}`);
    await bucket.deploy();
    expect(await live("secrets/")).toEqual(["secrets/job/web"]);
    bucket.fleet.repair();
    await bucket.deploy();
    expect(await live("secrets/")).toEqual([]);
    expect(await live("vars/job/")).toEqual(["vars/job/api"]);
  });

  it("deletes variables and secrets in the build with --purge-job-kv", async () => {
    bucket.removeJob("web");
    await opened((bucket) => build(bucket, { purgeJobKv: true }));
    expect([...(await live("secrets/")), ...(await live("vars/job/"))]).toEqual(["vars/job/api"]);
  });

  it("deletes nothing of a job that is only disabled", async () => {
    bucket.disable({ jobs: { web: {} } });
    await opened((bucket) => build(bucket, { purgeJobKv: true }));
    await bucket.deploy();
    expect(await values("secrets/job/web")).toEqual({ password: "s3cret" });
    expect(await values(`maand/job/web/worker/${B}`)).toEqual({
      peer_workers: "",
      version: "0.0.0",
      web_allocation_index: "0",
    });
  });

  it("continues the version numbers of entries that are published again", async () => {
    bucket.workers(A);
    await bucket.build();
    bucket.workers(A, { host: B, labels: ["db"], tags: { zone: "eu-1" } });
    await bucket.build();
    const zone = (await listed()).find((row) => row.namespace === `maand/worker/${B}/tags`);
    expect(zone).toMatchObject({ value: "eu-1", version: 3, deleted: false });
  });
});

describe("a job that reads the KV store", () => {
  beforeEach(async () => {
    const ports = { http: {} };
    bucket.job("api", { selectors: ["worker"], resources: { ports: { ...ports, admin: {} } } });
    bucket.job("web", { selectors: ["db"], resources: { ports } });
    await bucket.build();
    await put("secrets/job/api", "password", "s3cret");
  });

  it("receives its own entries, with secrets in clear text", async () => {
    await reading("api", A, (kv) => {
      expect(kv.get("maand/bucket", "admin")).toBe("30000");
      expect(kv.get("maand/job/api", "port_http")).toBe("30001");
      expect(kv.get("secrets/job/api", "password")).toBe("s3cret");
      expect([kv.isSecret("secrets/job/api", "password"), kv.isSecret("maand/bucket", "admin")]).toEqual([true, false]);
      expect(kv.find("maand/bucket", "nothing")).toBeUndefined();
      expect(kv.keys("maand/bucket")).toEqual(["activejobs", "admin", "bucket_id", "jobs"]);
    });
  });

  it("may not read a port that two jobs declare, and receives an error that names both jobs", async () => {
    await reading("api", A, (kv) =>
      expect(() => kv.get("maand/bucket", "http")).toThrow(
        expect.objectContaining({
          code: "NOT_FOUND",
          message: expect.stringContaining("api and web"),
          hint: expect.stringContaining("maand/job/web port_http"),
        }),
      ),
    );
  });

  it("may not read entries of other workers or of jobs that it does not depend on", async () => {
    await reading("api", A, (kv) => {
      const refused = expect.objectContaining({ code: "KV_REFUSED" });
      for (const namespace of ["maand/job/web", "secrets/job/web", `maand/worker/${B}`, `maand/job/api/worker/${B}`]) {
        expect(() => kv.get(namespace, "x")).toThrow(refused);
        expect(() => kv.find(namespace, "x")).toThrow(refused);
        expect(() => kv.keys(namespace)).toThrow(refused);
      }
      expect(() => kv.get("maand/job/web", "x")).toThrow("job api may not read the KV namespace maand/job/web");
    });
  });

  it("receives an error that suggests the closest name for a missing key", async () => {
    await opened(({ kv }) => kv.remove("secrets/job/api", "password"));
    await reading("api", A, (kv) => {
      expect(() => kv.get("maand/job/api", "port_htp")).toThrow(
        expect.objectContaining({
          code: "NOT_FOUND",
          message: 'the KV namespace maand/job/api has no key "port_htp"',
          hint: 'did you mean "port_http"?',
        }),
      );
      expect(() => kv.get("secrets/job/api", "password")).toThrow('has no key "password"; it was deleted');
      expect(() => kv.get("vars/job/api", "color")).toThrow(
        expect.objectContaining({ hint: expect.stringContaining("hooks") }),
      );
    });
  });
});

describe("cat kv", () => {
  it("lists all entries that a job may read on its workers, including derived entries", async () => {
    bucket.job("api", { selectors: ["worker"] });
    bucket.job("web", { selectors: ["db"] });
    await bucket.build();
    const rows = await listed(["web"]);
    const namespaces = new Set(rows.map((row) => row.namespace));
    expect([...namespaces]).toEqual([
      "maand/bucket",
      "maand/job/web",
      `maand/job/web/worker/${B}`,
      "maand/worker",
      `maand/worker/${B}`,
      `maand/worker/${B}/tags`,
      "vars/bucket",
    ]);
    const all = await listed();
    expect(all.some((row) => row.namespace === `maand/job/api/worker/${A}` && row.key === "peer_workers")).toBe(true);
    expect(all.some((row) => row.namespace === "maand/job/api/worker")).toBe(false);
  });

  it("prints one entry and refuses a deleted one", async () => {
    bucket.job("api", { selectors: ["worker"] });
    await bucket.build();
    await put("secrets/job/api", "password", "s3cret");
    await opened(({ store, key, kv }) => {
      const entry = kvEntry(store, { key: () => key }, "secrets/job/api", "password");
      expect([entry.secret, entry.value(), entry.version]).toEqual([true, "s3cret", 1]);
      expect(kvEntry(store, { key: () => key }, "maand/job/api", "worker_1").value()).toBe(B);
      kv.remove("secrets/job/api", "password");
      const missing = expect.objectContaining({
        code: "NOT_FOUND",
        message: "key not found: namespace secrets/job/api, key password (it was deleted)",
      });
      expect(() => kvEntry(store, { key: () => key }, "secrets/job/api", "password")).toThrow(missing);
      expect(() => kvEntry(store, { key: () => key }, "maand/job/api/worker", "hosts")).toThrow("key not found");
    });
  });
});

it("init refuses to create a new key if secrets were encrypted with a key that is missing", async () => {
  const file = join(bucket.root, "secrets", "kv.key");
  rmSync(file);
  initBucket(bucket.root);
  expect(existsSync(file)).toBe(true);
  await put("secrets/job/api", "password", "s3cret");
  rmSync(file);
  expect(() => initBucket(bucket.root)).toThrow(expect.objectContaining({ code: "KV_KEY_MISSING" }));
  expect(existsSync(file)).toBe(false);
});

describe("a deploy", () => {
  beforeEach(() => {
    bucket.workers(A, B, "10.0.0.3");
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  });

  const started = () => bucket.fleet.done.splice(0).filter((what) => !what.startsWith("stage"));
  const warnings = () => bucket.events.flatMap((event) => (event.type === "warning" ? [event.message] : []));

  it("publishes the promoted version, and writes it again only after a change", async () => {
    await bucket.ship();
    expect(await values(`maand/job/api/worker/${A}`)).toMatchObject({ version: "1.0.0" });
    await bucket.deploy({ force: true });
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    bucket.fleet.fail(`restart api@${B}`);
    await bucket.ship();
    const version = async (host: string) =>
      (await listed()).find(({ namespace, key }) => namespace === `maand/job/api/worker/${host}` && key === "version");
    expect(await version(A)).toMatchObject({ value: "2.0.0", version: 2 });
    expect(await version(B)).toMatchObject({ value: "1.0.0", version: 1 });
  });

  it("uses the rollout order that a hook wrote", async () => {
    await bucket.ship();
    started();
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    await bucket.build();
    await put("maand/job/api", "rollout_order", `10.0.0.3, ${A},${B}`);
    await bucket.deploy();
    expect(started()).toEqual(["restart api@10.0.0.3", `restart api@${A}`, `restart api@${B}`]);
    expect(warnings()).toEqual([]);
  });

  it("accepts a rollout order that also names unchanged allocations", async () => {
    bucket.disable({ workers: [A] });
    await bucket.ship();
    started();
    bucket.disable({});
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_starts: 1 });
    await bucket.build();
    await put("maand/job/api", "rollout_order", `10.0.0.3,${A},${B}`);
    await bucket.deploy();
    expect(warnings()).toEqual([]);
    expect(started()[0]).toBe(`start api@${A}`);
  });

  it("warns once about an invalid rollout order and uses the order of the workers", async () => {
    await bucket.build();
    await put("maand/job/api", "rollout_order", `${B},10.0.0.9`);
    await bucket.deploy();
    expect(warnings()).toEqual([
      "the rollout_order of api is ignored: it names 10.0.0.9, where this job has no active allocation; the order of the workers is used instead",
    ]);
    expect(started().sort()).toEqual([`start api@${A}`, `start api@${B}`, "start api@10.0.0.3"].sort());
  });
});

it("a secret that was read is masked in every event", async () => {
  const chatty: Plugin = {
    name: "chatty",
    apply(hooks) {
      hooks.render.tap("chatty", (tree, { kv, log }) => {
        log(`password=${kv.get("secrets/job/api", "password")}`);
        return tree;
      });
      hooks.rollout.tapPromise("chatty", async ({ log }) => {
        log("again: s3cret-w0rd");
        throw new Error("cannot log in with s3cret-w0rd");
      });
    },
  };
  bucket.dispose();
  bucket = aBucket({ plugins: [chatty] });
  bucket.workers(A);
  bucket.job("api", { selectors: ["worker"] });
  await bucket.build();
  await put("secrets/job/api", "password", "s3cret-w0rd");
  await bucket.deploy();
  const emitted = JSON.stringify(bucket.events);
  expect(emitted).not.toContain("s3cret-w0rd");
  expect(bucket.events.filter(({ type }) => type === "output")).toMatchObject([
    { line: "password=••••••" },
    { line: "again: ••••••" },
  ]);
  expect(bucket.events.find(({ type }) => type === "action.finished")).toMatchObject({
    message: "chatty failed in rollout: cannot log in with ••••••",
  });
});
