import type { Bucket } from "../bucket/bucket.ts";
import { fenceOf, setFence } from "../remote/fence/worker-fence.ts";
import type { Remote } from "../remote/remote.ts";

type Place = Pick<Bucket, "store" | "paths">;

/**
 * The directory that files were synced to on a worker; undefined if nothing was synced. A directory inside the bucket
 * moves with the bucket, because its stored path is relative to the bucket.
 */
export function deliveredRoot({ store, paths }: Place, host: string): string | undefined {
  const root = store.deliveries.rootOf(host);
  return root === undefined ? undefined : wholeRoot(paths, root);
}

/** The directories that files were synced to, by worker, in one read. */
export function deliveredRoots({ store, paths }: Place): Map<string, string> {
  return new Map([...store.deliveries.roots()].map(([host, root]) => [host, wholeRoot(paths, root)]));
}

function wholeRoot(paths: Place["paths"], root: string): string {
  return root.startsWith(INSIDE) ? `${paths.root}/${root.slice(INSIDE.length)}` : root;
}

/** The stored form of the directory: a path inside the bucket is relative to the bucket. */
export function storedRoot({ paths }: Pick<Bucket, "paths">, root: string): string {
  const start = `${paths.root}/`;
  return root.startsWith(start) ? `${INSIDE}${root.slice(start.length)}` : root;
}

const INSIDE = "./";

const moved = new WeakMap<Remote, Remote>();

/**
 * A connection whose root is the directory that the bucket's files were synced to on the worker. The settings might now
 * name another directory, but synced files are used and deleted where they are.
 */
export function atDelivery(bucket: Place, remote: Remote): Remote {
  const root = deliveredRoot(bucket, remote.host);
  if (root === undefined || root === remote.root) return remote;
  const known = moved.get(remote);
  if (known?.root === root) return known;
  const made: Remote = {
    host: remote.host,
    root,
    transport: remote.transport,
    sudo: remote.sudo,
    exec: (argv, options) => remote.exec(argv, options),
    probe: (argv, options) => remote.probe(argv, options),
    stream: (argv, options) => remote.stream(argv, options),
    close: () => remote.close(),
  };
  setFence(made, fenceOf(remote));
  moved.set(remote, made);
  return made;
}
