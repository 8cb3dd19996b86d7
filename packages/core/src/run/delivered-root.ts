import type { Bucket } from "../bucket/bucket.ts";
import type { Remote } from "../remote/remote.ts";
import type { DeliveryPlace } from "../store/bucket-rows.ts";

type Place = Pick<Bucket, "store" | "paths">;

/** Where files were delivered on a worker. A directory inside the bucket moves with the bucket, and is copied with it. */
export function deliveryPlace({ store, paths }: Place, host: string): DeliveryPlace | undefined {
  const place = store.deliveries.placeOf(host);
  const absolute = (path: string) => (path.startsWith(INSIDE) ? `${paths.root}/${path.slice(INSIDE.length)}` : path);
  return place && { root: absolute(place.root), expected: absolute(place.expected) };
}

/** The same as it is stored: a path inside the bucket relative to it. */
export function storedPlace({ paths }: Pick<Bucket, "paths">, { root, expected }: DeliveryPlace): DeliveryPlace {
  const start = `${paths.root}/`;
  const relative = (path: string) => (path.startsWith(start) ? `${INSIDE}${path.slice(start.length)}` : path);
  return { root: relative(root), expected: relative(expected) };
}

const INSIDE = "./";

const moved = new WeakMap<Remote, Remote>();

/**
 * A connection whose root is the place where the bucket's files were delivered on the worker. The settings may name another
 * one by now; what was delivered is still stopped, run and deleted where it is.
 */
export function atDelivery(bucket: Place, remote: Remote): Remote {
  const root = deliveryPlace(bucket, remote.host)?.root;
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
  moved.set(remote, made);
  return made;
}
