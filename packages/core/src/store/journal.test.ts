import { expect, it } from "vitest";
import { StoreDatabase } from "./database.ts";
import { Journal } from "./journal.ts";

it("trimming the journal keeps only the unsettled lifecycle commands of old runs", () => {
  const journal = new Journal(StoreDatabase.open(":memory:"));
  const at = "2026-01-01T00:00:00Z";
  const run = (allocation: string) => {
    const number = journal.beginRun(`${allocation} ${Math.random()}`, "deploy", at);
    const rows = journal.intend(
      number,
      (["stage", "restart"] as const).map((kind) => ({ allocation, kind })),
      at,
    );
    for (const row of rows) journal.conclude(row, "failed", at);
  };
  run("open");
  run("settled");
  journal.settle("settled");
  for (let more = 0; more < 3; more += 1) run("new");
  journal.trim(3);
  const kinds = (allocation: string) => journal.steps(allocation).map(({ kind }) => kind);
  expect([kinds("open"), kinds("settled"), kinds("new")]).toEqual([
    ["restart"],
    [],
    ["stage", "restart", "stage", "restart", "stage", "restart"],
  ]);
});
