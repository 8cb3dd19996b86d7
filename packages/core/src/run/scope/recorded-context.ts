import type { Catalog } from "../../domain/workspace/catalog.ts";
import type { JobFile } from "../../domain/workspace/job.ts";
import type { RecordedContext } from "../../plugin-api/contexts/recorded-context.ts";
import type { ScopeSource } from "./contexts.ts";
import { kvReader } from "./kv-reader.ts";

/** The context of a tap that reads the catalog and the files that are recorded as running. */
export function recordedContext({
  bucket,
  reporter,
  catalog,
}: Pick<ScopeSource, "bucket" | "reporter"> & {
  readonly catalog: Pick<Catalog, "jobs" | "allocations">;
}): RecordedContext {
  const { store, kv, now } = bucket;
  const trees = promotedTrees(store);
  return {
    ...reporter.context({}),
    now,
    jobs: catalog.jobs,
    get allocations() {
      return catalog.allocations; // most plugins do not need the allocations
    },
    kv: (job) => kvReader(kv, job, []),
    promotedFiles: ({ id }) => trees(id),
    readPromoted({ hash }) {
      const content = store.contents.find(hash);
      return content && !content.sealed ? content.bytes : undefined;
    },
  };
}

/** The promoted files of allocations. A tree that several allocations share is read once. */
function promotedTrees(store: ScopeSource["bucket"]["store"]): (allocation: string) => readonly JobFile[] {
  const trees = new Map<string, readonly JobFile[]>();
  let recorded: ReturnType<typeof store.promoted.recorded> | undefined;
  return (allocation) => {
    recorded ??= store.promoted.recorded();
    const digest = recorded.get(allocation)?.promoted?.digest;
    if (digest === undefined) return [];
    const files = trees.get(digest) ?? store.promoted.files(digest).map(({ size = 0, ...file }) => ({ ...file, size }));
    trees.set(digest, files);
    return files;
  };
}
