import type { Remote } from "../remote/remote.ts";
import type { Store } from "../store/store.ts";

const moved = new WeakMap<Remote, Remote>();

/**
 * A connection whose root is the place where the bucket's files were delivered on the worker. The settings may name another
 * one by now; what was delivered is still stopped, run and deleted where it is.
 */
export function atDelivery(store: Store, remote: Remote): Remote {
  const root = store.deliveries.rootOf(remote.host);
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
