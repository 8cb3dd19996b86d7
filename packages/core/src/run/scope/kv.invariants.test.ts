import fc from "fast-check";
import { expect, it } from "vitest";
import { storeKv } from "../../build/build-kv.ts";
import { contentHash } from "../../domain/deploy/digest.ts";
import type { KvSources } from "../../domain/kv/kv-contents.ts";
import { assemble, type Before, type Written } from "../../domain/workspace/catalog.ts";
import { Kv } from "../../store/kv/kv.ts";
import { KvKey } from "../../store/kv/kv-key.ts";
import { Store } from "../../store/store.ts";

const LABELS = ["a", "b", "c"];
const NAMES = ["api", "db", "web", "worker"];
const EMPTY = { workers: [], jobs: [], allocations: [] };

/** A workspace from which every build must publish the same entries. */
const workspaces = fc.record({
  workers: fc.uniqueArray(
    fc.record({
      host: fc.integer({ min: 1, max: 12 }).map((last) => `10.0.0.${last}`),
      labels: fc.subarray(LABELS),
      position: fc.integer({ min: 0, max: 3 }),
      memory: fc.constantFrom("", "1 tb", "2.1 gb"),
      tags: fc.dictionary(fc.constantFrom("zone", "rack"), fc.string()),
    }),
    { selector: ({ host }) => host, maxLength: 8 },
  ),
  jobs: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES),
      selectors: fc.subarray(LABELS, { minLength: 1 }),
      ports: fc.uniqueArray(fc.constantFrom("http", "admin", "p"), { maxLength: 3 }),
      vars: fc.dictionary(fc.string({ minLength: 1 }), fc.string()),
    }),
    { selector: ({ name }) => name, maxLength: 4 },
  ),
  disabled: fc.subarray(NAMES),
  bucketVars: fc.dictionary(fc.string({ minLength: 1 }), fc.string()),
  seed: fc.integer(),
});

type Workspace = typeof workspaces extends fc.Arbitrary<infer T> ? T : never;

/** The entries that a build publishes from the workspace; `turned` reverses every list. */
function sourcesOf(workspace: Workspace, before: Before, turned: boolean): KvSources {
  const turn = <T>(list: readonly T[]) => (turned ? [...list].reverse() : [...list]);
  const written: Written = {
    workers: workspace.workers,
    disabled: { jobs: Object.fromEntries(turn(workspace.disabled).map((name) => [name, {}])) },
    jobs: turn(workspace.jobs).map(({ name, selectors, ports }) => ({
      name,
      manifest: { selectors, resources: { ports: Object.fromEntries(turn(ports).map((port) => [port, {}])) } },
      files: turn(["Makefile", "manifest.json"]).map((path) => ({
        path,
        hash: contentHash(path),
        executable: false,
        size: 1,
      })),
    })),
    portRange: { min: 30_000, max: 30_099 },
    overrides: {},
  };
  const entries = (table: Readonly<Record<string, string>>) => new Map(turn(Object.entries(table)));
  const { catalog } = assemble(written, before, { newId: () => "id", owners: { claimed: [], absent: new Map() } });
  return {
    bucketId: "bucket",
    catalog,
    bucketVars: entries(workspace.bucketVars),
    overrides: new Map(),
    jobVars: new Map(turn(workspace.jobs).map(({ name, vars }) => [name, entries(vars)])),
  };
}

const NOTHING: Before = { workerIds: new Map(), ports: {}, allocations: [] };

function beforeOf({ catalog }: KvSources): Before {
  return {
    workerIds: new Map(catalog.workers.map(({ host, workerId }) => [host, workerId])),
    ports: Object.fromEntries(catalog.jobs.map(({ name, ports }) => [name, ports])),
    allocations: catalog.allocations,
  };
}

function withKv<T>(work: (kv: Kv, store: Store) => T): T {
  const store = Store.open(":memory:", { create: true });
  let seconds = 0;
  const kv = new Kv({ rows: store.kv, key: new KvKey("none"), now: () => new Date(1000 * ++seconds) });
  try {
    return work(kv, store);
  } finally {
    store.close();
  }
}

const rowsOf = (store: Store) => store.kv.namespaces().map((name) => [name, store.kv.namespace(name)]);

const live = (kv: Kv) =>
  kv.namespaces("").flatMap((name) => kv.keys(name).map((key) => [name, key, kv.find(name, key)]));

function write(kv: Kv, before: KvSources["catalog"], sources: KvSources): void {
  storeKv(kv, { before, sources, contributed: new Map(), purgeJobs: true });
}

it("a second build of the same workspace writes no rows, even if files are listed in another order", () => {
  fc.assert(
    fc.property(workspaces, (workspace) =>
      withKv((kv, store) => {
        const first = sourcesOf(workspace, NOTHING, false);
        write(kv, EMPTY, first);
        const before = rowsOf(store);
        write(kv, first.catalog, sourcesOf(workspace, beforeOf(first), true));
        expect(rowsOf(store)).toEqual(before);
      }),
    ),
    { numRuns: 60 },
  );
});

it("a build publishes the same entries whatever the previous state, except for variables of jobs", () => {
  fc.assert(
    fc.property(workspaces, workspaces, (one, other) =>
      withKv((kv) => {
        const first = sourcesOf(one, NOTHING, false);
        const next = sourcesOf({ ...other, jobs: withoutVars(other.jobs) }, beforeOf(first), false);
        write(kv, EMPTY, { ...first, jobVars: new Map() });
        write(kv, first.catalog, next);
        const expected = withKv((fresh) => {
          write(fresh, EMPTY, next);
          return live(fresh);
        });
        expect(live(kv)).toEqual(expected);
      }),
    ),
    { numRuns: 60 },
  );
});

function withoutVars(jobs: Workspace["jobs"]): Workspace["jobs"] {
  return jobs.map((job) => ({ ...job, vars: {} }));
}
