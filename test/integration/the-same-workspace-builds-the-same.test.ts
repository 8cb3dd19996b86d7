import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { aBucket, type TestBucket } from "@maand/core/testing";
import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, it } from "vitest";
import { certs } from "../../packages/plugin-certs/src/index.ts";
import { templates } from "../../packages/plugin-templates/src/index.ts";
import { copyFile, copyWorkspace, workspaceFiles } from "../support/realistic/workspace.ts";

/** Calls a function with a bucket that has all stock plugins that contribute to a build. */
async function withBucket<T>(use: (bucket: TestBucket) => Promise<T>): Promise<T> {
  const bucket = aBucket({ plugins: [templates(), certs({ caKey: "ecdsa-p256" })] });
  writeFileSync(join(bucket.root, "maand.conf"), 'certs_key = "ecdsa-p256"\n');
  try {
    return await use(bucket);
  } finally {
    bucket.dispose();
  }
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Every table of a bucket's store, row by row. */
function storeOf(bucket: TestBucket): Record<string, Rows> {
  const db = new Database(join(bucket.root, "data/maand.db"), { readonly: true });
  try {
    const tables = db.prepare<[], { name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    );
    const rows = (table: string) => db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table}`).all();
    // the user and the time of a build are not part of its result
    const {
      history: _,
      sqlite_sequence: __,
      bucket: [only] = [],
      ...all
    } = Object.fromEntries(tables.all().map(({ name }) => [name, rows(name)]));
    return { ...all, bucket: [{ ...only, built: { ...JSON.parse(String(only?.built)), at: "" } }] };
  } finally {
    db.close();
  }
}

/** The content of a store without ids, dates, generated keys, and times of files, which differ between two buckets. */
function commonOf(store: Record<string, Rows>): string {
  const { bucket = [], worker = [], job_file = [], kv = [], release = [], ...rest } = store;
  const ids = [...bucket.map((row) => row.bucket_id), ...worker.map((row) => row.worker_id)].map(String);
  const common = {
    ...rest,
    worker,
    release: release.map(({ created_at: _, ...row }) => row),
    job_file: job_file.map(({ mtime_ms: _, ...row }) => row),
    kv: kv.filter(({ key }) => !String(key).startsWith("certs/")).map(({ created_date: _, ...row }) => row),
  };
  return ids.reduce((text, id, at) => text.replaceAll(id, `id ${at}`), JSON.stringify(common));
}

it("a second build changes nothing in the store, not even a byte of the certificates", () =>
  withBucket(async (bucket) => {
    copyWorkspace(bucket.root);
    await bucket.build();
    const before = storeOf(bucket);
    expect(before.allocation?.length).toBeGreaterThan(20);
    expect(before.kv?.filter(({ key }) => String(key).startsWith("certs/")).length).toBeGreaterThan(4);
    await bucket.build();
    expect(storeOf(bucket)).toEqual(before);
  }));

it("a build does not depend on the order in which files were written", async () => {
  const files = workspaceFiles();
  const built = (order: readonly string[]) =>
    withBucket(async (bucket) => {
      for (const path of order) copyFile(path, bucket.root);
      await bucket.build();
      return commonOf(storeOf(bucket));
    });
  const expected = await built(files);
  const shuffled = fc.shuffledSubarray(files, { minLength: files.length, maxLength: files.length });
  await fc.assert(
    fc.asyncProperty(shuffled, async (order) => {
      expect(await built(order)).toBe(expected);
    }),
    { numRuns: 8 },
  );
});
