import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PgThread } from "../../packages/core/src/store/team/pg/pg-thread.ts";
import { CREATE_SCHEMA } from "../../packages/core/src/store/team/pg/schema.ts";
import type { Statements } from "../../packages/core/src/store/team/pg/statements.ts";
import { databasePromises } from "../simulation/database/promises.ts";
import { SimulatedDatabase } from "../simulation/database/simulated-database.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";

let postgres: Postgres;
let url = "";
const open: Statements[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
  url = postgres.database();
});
afterAll(async () => {
  for (const statements of open) statements.close();
  await postgres.dispose();
});

function connect(): Statements {
  const target = { url: url.replace(":secret@", "@"), password: "secret", application: "test" };
  const statements = new PgThread(target, { limitMs: 20_000, attemptMs: 20_000 });
  open.push(statements);
  return statements;
}

/** `test/simulation/database.test.ts` has the same tests for the simulated database. */
describe("a database in PostgreSQL", () => {
  databasePromises(() => ({
    connect,
    expire: (bucket) =>
      void postgres.sql(
        url,
        `UPDATE maand.lease SET expires_at = clock_timestamp() - interval '1 s' WHERE bucket = '${bucket}'`,
      ),
  }));
});

/** A placeholder for the revision of the bucket. */
const CURRENT = -1;

/**
 * A statement with values that are often equal to the values of other statements. A row in a part is never equal to a row of
 * its change, because the store sends each row once.
 */
const aStatement = fc.oneof(
  fc.record({
    sql: fc.constant("pull"),
    values: fc.tuple(fc.nat(6), fc.constantFrom("", "job"), fc.constantFrom("", '["a"]')),
  }),
  fc.record({
    sql: fc.constant("take"),
    values: fc.tuple(fc.nat(3), nonce(), fc.constant('{"pid":1}'), fc.constantFrom(-1000, 900_000)),
  }),
  fc.record({
    sql: fc.constant("renew"),
    values: fc.tuple(fc.integer({ min: 1, max: 3 }), nonce(), fc.constantFrom(-1000, 900_000)),
  }),
  fc.record({ sql: fc.constant("release"), values: fc.tuple(fc.integer({ min: 1, max: 3 }), nonce()) }),
  fc.record({
    sql: fc.constant("put_part"),
    values: fc.tuple(aChange(), fc.nat(1)).chain((values) => withRows(values, ["content"])),
  }),
  {
    weight: 4,
    arbitrary: fc.record({
      sql: fc.constant("apply"),
      values: fc
        .record({
          expected: fc.constantFrom(CURRENT, CURRENT, 0, 1, 2),
          id: aChange(),
          lease: fc.option(fc.tuple(fc.integer({ min: 1, max: 3 }), nonce())),
          version: fc.option(fc.nat(9)),
          replaces: fc.boolean(),
          parts: fc.nat(1),
        })
        .chain(({ expected, id, lease, version, replaces, parts }) =>
          withRows([expected, id, lease?.[0] ?? null, lease?.[1] ?? null, version, replaces, parts], ["job", "kv"]),
        ),
    }),
  },
);

function nonce() {
  return fc.constantFrom("one", "two");
}

function aChange() {
  return fc.constantFrom("c1", "c2", "c3", "c4", "c5", "c6");
}

/** Adds columns of rows to some of the values. */
function withRows(values: readonly unknown[], names: readonly string[]) {
  const row = fc.tuple(
    fc.constantFrom(...names),
    fc.constantFrom("a", "b"),
    fc.option(fc.constantFrom('{"x":1}', '{"x":2}')),
  );
  return fc
    .uniqueArray(row, { maxLength: 3, selector: ([name, key]) => name + key })
    .map((rows) => [
      ...values,
      rows.map(([name]) => name),
      rows.map(([, key]) => `["${key}"]`),
      rows.map(([, , text]) => text),
      rows.map(() => null),
    ]);
}

it("PostgreSQL and the simulated database return equal results for any sequence of statements", () => {
  const real = connect();
  if (real.query("SELECT to_regclass('maand.layout') IS NOT NULL AS found", [])[0]?.found !== true)
    real.query(CREATE_SCHEMA, []);
  let count = 0;
  fc.assert(
    fc.property(fc.array(aStatement, { minLength: 5, maxLength: 25 }), (statements) => {
      count += 1;
      const bucket = `sequence-${count}`;
      const simulated = new SimulatedDatabase();
      const create = "INSERT INTO maand.bucket (id, store_version) VALUES ($1, $2) ON CONFLICT DO NOTHING";
      real.query(create, [bucket, 1]);
      simulated.execute(create, [bucket, 1], 0);
      for (const { sql, values: given } of statements) {
        const current = simulated.state(bucket)?.revision ?? 0;
        const values = given.map((value) => (value === CURRENT ? current : value));
        const text = sqlOf(sql, values.length + 1);
        const answer = plain(real.query(text, [bucket, ...values]));
        expect(plain(simulated.execute(text, [bucket, ...values], 0))).toEqual(answer);
      }
    }),
    { numRuns: 150, seed: 1 },
  );
});

function sqlOf(name: string, count: number): string {
  const places = Array.from({ length: count }, (_, at) => `$${at + 1}`).join(", ");
  if (name === "pull" || name === "take") return `SELECT * FROM maand.${name}(${places})`;
  const result = { renew: "renewed", release: "released", apply: "done" }[name];
  return `SELECT maand.${name}(${places})${result === undefined ? "" : ` AS ${result}`}`;
}

/** An answer with parsed JSON, without fields that depend on the time. */
function plain(rows: readonly Readonly<Record<string, unknown>>[]): unknown {
  const values = rows.map((row) =>
    row.name === "" && typeof row.row === "string" ? { ...row, row: JSON.parse(row.row) } : row,
  );
  return JSON.parse(JSON.stringify(values.filter((row) => !("put_part" in row))), (key, value) =>
    key === "leftMs" && typeof value === "number" ? Math.sign(value) : value,
  );
}
