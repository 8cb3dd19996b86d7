import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Store } from "../../packages/core/src/store/store.ts";
import { moveToDatabase } from "../../packages/core/src/store/team/move.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";
import { AT } from "./shared.ts";

const directory = mkdtempSync(join(tmpdir(), "maand-small-"));
const isRoot = process.getuid?.() === 0;
let postgres: Postgres;
beforeAll(async () => {
  if (isRoot) postgres = await startPostgres({ directory, megabytes: 32 });
});
afterAll(async () => {
  await postgres?.dispose();
  rmSync(directory, { recursive: true });
});

/** Creates a bucket whose database is on the small disk. */
function bucketOnSmallDisk() {
  const url = postgres.database();
  postgres.sql(url, `CREATE TABLESPACE small LOCATION '${directory}'`);
  const other = new URL(postgres.database());
  postgres.sql(url, `ALTER DATABASE ${other.pathname.slice(1)} SET TABLESPACE small`);
  const shared = { url: other.href.replace(":secret@", "@"), password: "secret", timeoutMs: 20_000, now: () => AT };
  const file = join(directory, "..", `maand-small-${randomUUID()}.db`);
  const store = Store.open(file, { create: true });
  store.bucket.create(randomUUID());
  store.close();
  moveToDatabase(file, shared);
  return { url: other.href, file, open: () => Store.open(file, { shared }) };
}

it.skipIf(!isRoot)(
  "a full disk of the database is reported without losing data, and the change succeeds when there is space",
  () => {
    const bucket = bucketOnSmallDisk();
    const store = bucket.open();
    const write = (key: string, text: string) => store.pluginState.write("test", new Map([[key, text]]));
    write("before", "kept");
    const fill = "CREATE TABLE public.fill (text text); ALTER TABLE public.fill ALTER text SET STORAGE EXTERNAL;";
    postgres.sql(bucket.url, fill);
    const insert = "INSERT INTO public.fill SELECT repeat('x', 500000) FROM generate_series(1, 100)";
    expect(() => postgres.sql(bucket.url, insert)).toThrow(/No space left on device/);
    const large = randomBytes(2_000_000).toString("hex");
    expect(() => write("large", large)).toThrow(
      expect.objectContaining({
        code: "STORE_BROKEN",
        message: expect.stringContaining("the disk of the database is full"),
      }),
    );
    expect([store.pluginState.read("test", "before"), store.pluginState.read("test", "large")]).toEqual([
      "kept",
      undefined,
    ]);
    postgres.sql(bucket.url, "DROP TABLE public.fill");
    write("large", large);
    store.close();
    const again = bucket.open();
    expect([again.pluginState.read("test", "before"), again.pluginState.read("test", "large")]).toEqual([
      "kept",
      large,
    ]);
    again.close();
    for (const end of ["", "-wal", "-shm", ".moved"]) rmSync(`${bucket.file}${end}`, { force: true });
  },
);
