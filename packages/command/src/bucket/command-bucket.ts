import { type CommandBucket, didYouMean, MaandError, type Remote } from "@maand/core";
import { type Bucket, knownOf, openCommandRun, runReporter } from "@maand/core/internal";
import type { CommandRun } from "@maand/core/operator";

/** Runs a plugin's command with its restricted view of the bucket; `command` is the name of its run. */
export async function onCommandBucket<T>(
  bucket: Bucket,
  command: string,
  work: (view: CommandBucket) => Promise<T>,
): Promise<T> {
  let run: CommandRun | undefined;
  const connected = (host: string) => {
    run ??= openCommandRun(bucket, runReporter(bucket, command), { pid: bucket.pid });
    return connect(run, host);
  };
  try {
    return await work(viewOf(bucket, connected));
  } finally {
    await run?.end();
  }
}

function viewOf(bucket: Bucket, remote: CommandBucket["remote"]): CommandBucket {
  const { jobs, workers, allocations } = knownOf(bucket.store.catalog.read(), bucket).catalog;
  return Object.freeze({
    bucket: { id: bucket.bucketId, root: bucket.paths.root },
    settings: bucket.settings,
    signal: bucket.signal,
    jobs,
    workers,
    allocations,
    now: bucket.now,
    promotedVersion: ({ id }) => bucket.store.promoted.version(id),
    remote,
  } satisfies CommandBucket);
}

async function connect({ workers, connections }: CommandRun, host: string): Promise<Remote> {
  const worker = workers.get(host);
  if (worker) return connections.ready(worker);
  const known = [...workers.keys()];
  const hint = didYouMean(host, known) ?? "to list the workers, run maand cat workers";
  throw new MaandError({ code: "NOT_FOUND", message: `there is no worker "${host}"`, hint });
}
