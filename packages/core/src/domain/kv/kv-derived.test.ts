import { expect, it } from "vitest";
import { derivedEntries, type KvRow, type LiveRows } from "./kv-derived.ts";

const row = (key: string, value: string, version = 1): KvRow => ({
  key,
  value,
  version,
  createdDate: 5,
  deleted: false,
});

const stored: Record<string, KvRow[]> = {
  "maand/worker": [
    row("db_workers", "10.0.0.1,10.0.0.10", 4),
    row("db_workers_length", "2"),
    row("one_workers", "10.0.0.1"),
  ],
  "maand/worker/10.0.0.1": [row("labels", "db,one")],
  "maand/worker/10.0.0.10": [row("labels", "db")],
  "maand/job/api": [row("workers", "10.0.0.10,fd00::1", 2)],
  "maand/job/api/worker": [row("hosts", "10.0.0.1,10.0.0.10,fd00::1", 3)],
  "maand/job/worker": [row("workers", "10.0.0.1")],
};
const live: LiveRows = (namespace) => new Map((stored[namespace] ?? []).map((it) => [it.key, it]));

function derived(namespace: string) {
  return Object.fromEntries(derivedEntries(namespace, live).map((it) => [it.key, it.value()]));
}

it.each([
  ["maand/worker", { db_0: "10.0.0.1", db_1: "10.0.0.10", one_0: "10.0.0.1" }],
  ["maand/worker/10.0.0.1", { db_allocation_index: "0", db_peers: "10.0.0.10", one_allocation_index: "0" }],
  ["maand/worker/10.0.0.10", { db_allocation_index: "1", db_peers: "10.0.0.1" }],
  ["maand/worker/10.0.0.1/tags", {}],
  ["maand/job/api", { worker_0: "10.0.0.10", worker_1: "fd00::1" }],
  ["maand/job/api/worker/10.0.0.1", { api_allocation_index: "0", peer_workers: "10.0.0.10,fd00::1" }],
  ["maand/job/api/worker/10.0.0.10", { api_allocation_index: "1", peer_workers: "10.0.0.1,fd00::1" }],
  ["maand/job/api/worker/fd00::1", { api_allocation_index: "2", peer_workers: "10.0.0.1,10.0.0.10" }],
  ["maand/job/api/worker/10.0.0.7", {}],
  ["maand/job/api/worker", {}],
  ["maand/job/worker", { worker_0: "10.0.0.1" }],
  ["maand/job/none", {}],
  ["maand/bucket", {}],
  ["vars/job/api", {}],
  ["secrets/job/api", {}],
])("the entries of %s are derived from the lists", (namespace, expected) => {
  expect(derived(namespace)).toEqual(expected);
});

it("a derived entry has the version and date of the list it is derived from", () => {
  const found = derivedEntries("maand/job/api/worker/10.0.0.1", live);
  expect(found).toMatchObject([
    { version: 3, createdDate: 5 },
    { version: 3, createdDate: 5 },
  ]);
});
