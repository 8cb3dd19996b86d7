import { styleFor } from "@maand/command";
import { expect, it } from "vitest";
import { importLines } from "./import-report.ts";
import type { Imported } from "./imported.ts";

const IMPORTED: Imported = {
  ...{ outcome: "imported", bucketId: "b", updateSeq: 7, keptStore: "", problems: [], allocations: [] },
  counts: { workers: 3, jobs: 1, allocations: 1, keys: 0, versions: 0, secrets: 0, certificates: 0 },
  workers: [],
};

it.each([
  ["one worker", 1, "  1 worker remaining: run maand import again when it is up"],
  ["two workers", 2, "  2 workers remaining: run maand import again when they are up"],
])("an import that leaves %s for later prints the number and the next step", (_, count, line) => {
  const hosts = Array.from({ length: count }, (_, at) => `10.0.0.${at + 1}`);
  const workers = hosts.map((host) => ({ host, updateSeq: undefined, later: "connection refused" }));
  expect(importLines({ ...IMPORTED, workers }, styleFor({}, {}, true), true)).toEqual([
    ...hosts.map((host) => `later: ${host}: connection refused`),
    "imported; no job was restarted",
    line,
    "  next: maand deploy --dry-run",
  ]);
});
