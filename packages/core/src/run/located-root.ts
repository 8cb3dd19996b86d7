import type { LocateContext } from "../plugin-api/base-contexts.ts";
import type { Hooks } from "../plugin-api/hooks.ts";

/** The path of the bucket's directory on a worker, which is known without a connection; every remote of the worker has it. */
export function locatedRoot(hooks: Pick<Hooks, "locate">, context: LocateContext): string {
  const { settings, bucket } = context;
  return hooks.locate.call(context) ?? `${settings.workerRoot.replace(/\/+$/, "")}/${bucket.id}`;
}
