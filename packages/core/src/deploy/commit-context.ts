import type { JobFile } from "../domain/workspace/job.ts";
import type { CommitContext } from "../plugin-api/contexts.ts";
import type { Run } from "../run/run.ts";
import { kvReader } from "../run/scope/kv-reader.ts";
import type { Summary } from "../summary.ts";

/** What `commit` taps receive at the end of a run. */
export function commitContext(run: Run, summary: Summary): CommitContext {
  const { bucket, reporter, catalog } = run;
  const { store, kv, mask, now } = bucket;
  const trees = promotedTrees(run);
  return Object.freeze({
    ...reporter.context({}),
    summary: mask.conceal(summary), // a plugin may send it anywhere
    now,
    jobs: catalog.jobs,
    allocations: catalog.allocations,
    kv: (job) => kvReader(kv, job, []),
    promotedFiles: ({ id }) => trees(id),
    readPromoted({ hash }) {
      const content = store.contents.find(hash);
      return content && !content.sealed ? content.bytes : undefined;
    },
  } satisfies CommitContext);
}

/** The promoted files of allocations; each tree is read once, however many allocations have it. */
function promotedTrees({ bucket: { store } }: Run): (allocation: string) => readonly JobFile[] {
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
