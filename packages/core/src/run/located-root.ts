import type { LocateContext } from "../plugin-api/base-contexts.ts";
import type { Hooks } from "../plugin-api/hooks.ts";

/**
 * The path of the bucket's directory on a worker. The path is known without a connection, and is the root of every
 * remote of the worker.
 */
export function locatedRoot(hooks: Pick<Hooks, "locate">, context: LocateContext): string {
  const { settings, bucket } = context;
  return hooks.locate.call(context) ?? `${settings.workerRoot.replace(/\/+$/, "")}/${bucket.id}`;
}
