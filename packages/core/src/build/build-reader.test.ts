import { describe, expect, it } from "vitest";
import type { KvReader } from "../plugin-api/kv.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/a-bucket.ts";

/** The result of `read` in the checks of the last build of this bucket, for the job `api`. */
async function seenIn(prepare: (bucket: TestBucket) => unknown, read: (kv: KvReader) => unknown): Promise<unknown> {
  let prepared = false;
  let seen: unknown;
  const plugin: Plugin = {
    name: "reader",
    apply({ validate }) {
      validate.tap("reader", ({ jobs, kv }) => {
        const job = jobs.find(({ name }) => name === "api");
        if (job && prepared) seen = read(kv(job));
      });
    },
  };
  const bucket = aBucket({ plugins: [plugin] });
  try {
    bucket.workers("10.0.0.1", "10.0.0.2");
    await prepare(bucket);
    prepared = true;
    await bucket.build();
    return seen;
  } finally {
    bucket.dispose();
  }
}

const MANIFEST = { version: "1.0.0", selectors: ["worker"], resources: { ports: { http: 8080 } } };
const first = (bucket: TestBucket) => bucket.job("api", MANIFEST, { "vars.toml": 'a = "1"\n' });

describe("the KV reader of a check", () => {
  it("returns the entries that a first build will store", async () => {
    const read = (kv: KvReader) => [
      kv.get("maand/job/api", "version"),
      kv.get("maand/job/api", "port_http"),
      kv.get("maand/job/api", "worker_1"),
      kv.get("vars/job/api", "a"),
      kv.find("vars/job/api", "b"),
      kv.keys("vars/job/api"),
    ];
    expect(await seenIn(first, read)).toEqual(["1.0.0", "8080", "10.0.0.2", "1", undefined, ["a"]]);
  });

  it("returns changed entries of the workspace, and secrets that are already stored", async () => {
    const prepare = async (bucket: TestBucket) => {
      first(bucket);
      await bucket.build();
      const opened = await bucket.open();
      opened.kv.put("secrets/job/api", "password", "hush");
      opened.kv.put("vars/job/api", "written", "by a hook");
      opened.close();
      bucket.job("api", { ...MANIFEST, version: "2.0.0" }, { "vars.toml": 'a = "2"\n' });
      bucket.workers("10.0.0.1");
    };
    const read = (kv: KvReader) => [
      kv.get("maand/job/api", "version"),
      kv.get("maand/job/api", "workers"),
      kv.find("maand/job/api", "worker_1"),
      kv.get("vars/job/api", "a"),
      kv.get("vars/job/api", "written"),
      kv.get("secrets/job/api", "password"),
      kv.isSecret("secrets/job/api", "password"),
    ];
    expect(await seenIn(prepare, read)).toEqual(["2.0.0", "10.0.0.1", undefined, "2", "by a hook", "hush", true]);
  });

  it("refuses a namespace that the job may not read, and suggests the closest name for a missing key", async () => {
    const refusals = (kv: KvReader) =>
      [
        ["maand/job/other", "version"],
        ["maand/worker/10.0.0.1", "worker_ip"],
        ["maand/job/api", "versoin"],
      ].map(([namespace = "", key = ""]) => {
        try {
          return kv.get(namespace, key);
        } catch (thrown) {
          return thrown instanceof Error && "hint" in thrown ? [thrown.message, thrown.hint] : thrown;
        }
      });
    expect(await seenIn(first, refusals)).toEqual([
      [
        "job api may not read the KV namespace maand/job/other",
        expect.stringContaining("a dependency on a command of other"),
      ],
      ["job api may not read the KV namespace maand/worker/10.0.0.1", expect.any(String)],
      ['the KV namespace maand/job/api has no key "versoin"', 'did you mean "version"?'],
    ]);
  });
});
