import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Store } from "../../packages/core/src/store/store.ts";
import { moveToDatabase } from "../../packages/core/src/store/team/move.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";

let postgres: Postgres;
const directories: string[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.dispose();
  for (const directory of directories) rmSync(directory, { recursive: true });
});

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), "maand-team-"));
  directories.push(made);
  return made;
}

const now = () => "2026-01-01T00:00:00.000Z";

it("moves", async () => {
  const url = postgres.database();
  const file = join(directory(), "maand.db");
  const local = Store.open(file, { create: true });
  local.bucket.create("b-1");
  local.close();
  const shared = { url: url.replace(":secret", ""), password: "secret", timeoutMs: 3000, now };
  moveToDatabase(file, shared);
  const store = Store.open(file, { shared });
  const t = performance.now();
  store.transaction(() => store.journal.beginRun("r1", "deploy", now()));
  store.bucket.nextUpdateSeq();
  console.log(performance.now() - t, store.workingCopy?.authority.trips, store.workingCopy?.replica());
  expect(postgres.sql(url, "select name, key, row, revision from maand.record order by 1,2")).toBe("");
  store.close();
});
