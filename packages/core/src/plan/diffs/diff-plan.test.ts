import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NAMESPACE } from "../../domain/kv/kv-names.ts";
import { gc } from "../../jobs/gc.ts";
import { definePlugin } from "../../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const MIB = 1024 * 1024;

/** Renders each `<name>.fill` of a job: `@key` becomes a secret of the job, `@HOST` the worker. */
const fill = definePlugin({
  name: "fill",
  apply({ render }) {
    render.tap("fill", (tree, { job, sources, read, kv, worker }) => {
      const filled = [...tree.files, ...sources]
        .filter((file) => file.path.includes(".fill"))
        .map((file) => {
          let secret = false;
          const content = Buffer.from(
            Buffer.from(read(file))
              .toString()
              .replaceAll("@HOST", worker.host)
              .replace(/@([a-z]+)(!?)/g, (_, key: string, loud: string) => {
                secret = true;
                const value = kv.get(NAMESPACE.secrets(job.name), key);
                return loud === "" ? value : [...value].reverse().join("");
              }),
          );
          return { ...file, path: file.path.replace(".fill", ""), content, secret };
        });
      return { files: [...tree.files.filter((file) => !file.path.includes(".fill")), ...filled] };
    });
  },
});

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket({ plugins: [fill] });
  bucket.workers(A, B);
});

afterEach(() => bucket.dispose());

function job(files: Readonly<Record<string, string>>): void {
  if (existsSync(join(bucket.root, "workspace/jobs/api"))) bucket.removeJob("api");
  bucket.job("api", { selectors: ["worker"] }, files);
}

async function secret(key: string, value: string): Promise<void> {
  const maand = await bucket.open();
  maand.kv.put(NAMESPACE.secrets("api"), key, value);
  maand.close();
}

/** The diffs that a dry run shows, by `path@host`. */
async function diffs(): Promise<Record<string, string>> {
  await bucket.build();
  const plan = await bucket.plan({ diff: true });
  const allocations = plan.waves.flatMap((wave) => wave.jobs).flatMap((planned) => planned.allocations);
  return Object.fromEntries(
    allocations.flatMap(({ allocation }) =>
      (plan.diffs?.get(allocation.id) ?? []).map(({ path, diff }) => [`${path}@${allocation.host}`, diff]),
    ),
  );
}

/** Everything in the store's files. */
function stored(): string {
  return ["maand.db", "maand.db-wal"]
    .map((name) => join(bucket.root, "data", name))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "latin1"))
    .join("");
}

describe("a file diff", () => {
  it("shows changed lines with context", async () => {
    job({ "app.conf": "a\nb\nc\nd\ne\nold\nf\n" });
    await bucket.ship();
    job({ "app.conf": "a\nb\nc\nd\ne\nnew\nf\n" });
    const expected =
      "diff --git a/app.conf b/app.conf\n--- a/app.conf\n+++ b/app.conf\n@@ -3,5 +3,5 @@\n c\n d\n e\n-old\n+new\n f\n";
    expect(await diffs()).toEqual({ [`app.conf@${A}`]: expected, [`app.conf@${B}`]: expected });
  });

  it("shows added and deleted files, and a missing final newline", async () => {
    job({ "goes.conf": "one\ntwo\n", "end.conf": "x\ny" });
    await bucket.ship();
    job({ "comes.conf": "three\n", "end.conf": "x\ny\n" });
    expect(await diffs()).toMatchObject({
      [`goes.conf@${A}`]:
        "diff --git a/goes.conf b/goes.conf\ndeleted file mode 100644\n--- a/goes.conf\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n",
      [`comes.conf@${A}`]:
        "diff --git a/comes.conf b/comes.conf\nnew file mode 100644\n--- /dev/null\n+++ b/comes.conf\n@@ -0,0 +1,1 @@\n+three\n",
      [`end.conf@${A}`]:
        "diff --git a/end.conf b/end.conf\n--- a/end.conf\n+++ b/end.conf\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+y\n",
    });
  });

  it("compares with the promoted version, not with later builds", async () => {
    job({ "app.conf": "one\n" });
    await bucket.ship();
    job({ "app.conf": "two\n" });
    await bucket.build();
    job({ "app.conf": "three\n" });
    expect((await diffs())[`app.conf@${A}`]).toContain("-one\n+three\n");
  });

  it("shows rendered files with the content for each worker", async () => {
    job({ "app.conf.fill": "host @HOST\nold\n" });
    await bucket.ship();
    job({ "app.conf.fill": "host @HOST\nnew\n" });
    const found = await diffs();
    expect(found[`app.conf@${A}`]).toContain(` host ${A}\n-old\n+new\n`);
    expect(found[`app.conf@${B}`]).toContain(` host ${B}\n-old\n+new\n`);
  });

  it("shows all files for a worker that does not have them yet", async () => {
    job({ "app.conf": "one\n" });
    const found = await diffs();
    expect(Object.keys(found).filter((key) => key.endsWith(A))).toEqual([
      `Makefile@${A}`,
      `app.conf@${A}`,
      `manifest.json@${A}`,
    ]);
    expect(found[`app.conf@${A}`]).toContain("--- /dev/null\n+++ b/app.conf\n@@ -0,0 +1,1 @@\n+one\n");
  });

  it("shows size and digest of a binary or large file", async () => {
    job({ "logo.png": "a\0b", "big.txt": `${"x".repeat(MIB)}\n` });
    await bucket.ship();
    job({ "logo.png": "a\0bc", "big.txt": "small\n" });
    const found = await diffs();
    expect(found[`logo.png@${A}`]).toMatch(
      /\nbinary file: 3 bytes, sha256 [0-9a-f]{12} -> 4 bytes, sha256 [0-9a-f]{12}\n$/,
    );
    expect(found[`big.txt@${A}`]).toMatch(/\ntoo large to compare: 1048577 bytes, sha256 .* -> 6 bytes, sha256 .*\n$/);
  });

  it("shows a large file with almost no common lines as replaced", async () => {
    const text = (word: string) => Array.from({ length: 20_000 }, (_, line) => `${word} ${line}\n`).join("");
    job({ "app.conf": text("old") });
    await bucket.ship();
    job({ "app.conf": text("new") });
    expect((await diffs())[`app.conf@${A}`]).toContain("\n@@ -1,20000 +1,20000 @@\n-old 0\n");
  });
});

describe("secrets in files", () => {
  beforeEach(() => secret("password", "hunter-two"));

  it("are masked, and a changed secret is shown as changed", async () => {
    job({ "app.conf.fill": "user = me\npassword = @password\n" });
    await bucket.ship();
    await secret("password", "correct horse");
    expect((await diffs())[`app.conf@${A}`]).toContain(" user = me\n-password = ••••••\n+password = ••••••\n");
  });

  it("are masked in the context lines if they did not change", async () => {
    job({ "app.conf.fill": "password = @password\nport = 1\n" });
    await bucket.ship();
    job({ "app.conf.fill": "password = @password\nport = 2\n" });
    expect((await diffs())[`app.conf@${A}`]).toContain(" password = ••••••\n-port = 1\n+port = 2\n");
  });

  it("are not stored in clear text, but their file can be compared", async () => {
    job({ "app.conf.fill": "password = @password\n# a remark\n" });
    await bucket.ship();
    expect(stored()).not.toContain("hunter-two");
    expect(stored()).not.toMatch(/(?<!password = @password\n)# a remark/);
    job({ "app.conf.fill": "password = @password\n# another remark\n" });
    expect((await diffs())[`app.conf@${A}`]).toContain("-# a remark\n+# another remark\n");
  });

  it("cause the whole file to be hidden if it contains them in an encoded form", async () => {
    job({ "app.conf.fill": "password = @password!\n" });
    await bucket.ship();
    await secret("password", "correct horse");
    const found = (await diffs())[`app.conf@${A}`];
    expect(found).toMatch(/\nnot shown because it contains a secret: 22 bytes, sha256 .* -> 25 bytes, sha256 .*\n$/);
  });

  it("are masked in a file that contains them as plain text", async () => {
    job({ "app.conf.fill": "password = hunter-two\n" });
    await bucket.ship();
    job({ "app.conf.fill": "password = @password\n# new\n" });
    const found = (await diffs())[`app.conf@${A}`];
    expect(found).not.toContain("hunter-two");
    expect(found).toContain("+# new\n");
  });
});

describe("the contents of promoted files", () => {
  const contentsLike = async (word: string): Promise<boolean> => {
    const maand = await bucket.open();
    const { contentHash } = await import("../../domain/deploy/digest.ts");
    const found = maand.store.contents.find(contentHash(word)) !== undefined;
    maand.close();
    return found;
  };

  it("are kept for three promotions of an allocation, or longer if a kept release contains them", async () => {
    bucket.write("../maand.conf", 'transport = "fake"\nkeep_releases = 1\n');
    for (const text of ["one\n", "two\n", "three\n"]) {
      job({ "app.conf": text });
      await bucket.ship();
    }
    expect(await contentsLike("one\n")).toBe(true);
    job({ "app.conf": "four\n" });
    await bucket.ship();
    expect(await contentsLike("one\n")).toBe(false);
    expect(await contentsLike("two\n")).toBe(true);
  });

  it("are kept while another allocation uses them", async () => {
    job({ "app.conf": "one\n" });
    await bucket.ship();
    bucket.disable({ workers: [B] });
    await bucket.ship();
    bucket.fleet.fail(`stage ${A}`);
    for (const text of ["two\n", "three\n", "four\n", "five\n"]) {
      job({ "app.conf": text });
      await bucket.ship();
    }
    expect(await contentsLike("one\n")).toBe(true);
    expect((await diffs())[`app.conf@${A}`]).toContain("-one\n+five\n");
  });

  it("are deleted with the last allocation that uses them", async () => {
    job({ "app.conf": "one\n" });
    await bucket.ship();
    bucket.removeJob("api");
    await bucket.ship();
    const maand = await bucket.open();
    await gc(maand);
    maand.close();
    await bucket.build();
    expect(await contentsLike("one\n")).toBe(false);
  });

  it("are kept only with a release if they are large or binary", async () => {
    bucket.write("../maand.conf", 'transport = "fake"\nkeep_releases = 1\n');
    const large = `${"x".repeat(MIB)}\n`;
    job({ "logo.png": "a\0b", "big.txt": large });
    await bucket.ship();
    job({});
    await bucket.ship();
    expect(await contentsLike("a\0b")).toBe(true);
    job({ "app.conf": "two\n" });
    await bucket.build();
    expect([await contentsLike("a\0b"), await contentsLike(large)]).toEqual([false, false]);
  });
});
