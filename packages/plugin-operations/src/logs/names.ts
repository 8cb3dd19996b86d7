import { type BucketPaths, openStore, selectWorkers } from "@maand/core/readonly";

/** The names of jobs and workers in a bucket, if its store can be read. */
export interface Names {
  /** Whether a job or worker has this name. */
  isKnown(name: string): boolean;
  /**
   * Resolves words to hosts: `label:x`, `zone:x` and hostnames become hosts. Other words stay unchanged, because logs
   * outlive workers.
   */
  hostsOf(words: readonly string[]): string[];
}

/** Reads the names of a bucket. If the store cannot be read, there are no names, and logs are still shown. */
export function namesIn(paths: BucketPaths): Names {
  const { jobs, workers } = read(paths);
  const known = new Set([...jobs.map(({ name }) => name), ...workers.map(({ host }) => host)]);
  const isGroup = (word: string) =>
    /^(label|zone):/i.test(word) || (!known.has(word) && workers.some(({ hostname }) => hostname === word));
  return {
    isKnown: (name) => known.has(name),
    hostsOf: (words) => [
      ...words.filter((word) => !isGroup(word)),
      ...selectWorkers(workers, "--worker", words.filter(isGroup)).map(({ worker }) => worker.host),
    ],
  };
}

function read(paths: BucketPaths) {
  try {
    const store = openStore(paths);
    const { jobs, removedJobs, workers, removedWorkers } = store.catalog.read();
    store.close();
    return { jobs: [...jobs, ...removedJobs], workers: [...workers, ...removedWorkers] };
  } catch {
    return { jobs: [], workers: [] };
  }
}
