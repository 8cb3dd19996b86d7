import { MaandError } from "../errors.ts";
import { type AbsentPlugin, addPlugin } from "../plugin-api/absent-plugins.ts";
import type { HookName } from "../plugin-api/hooks.ts";

/** Hooks that at least one plugin must handle. */
export type DoingHook = Extract<
  HookName,
  "connect" | "inspect" | "inventory" | "stage" | "reconcile" | "rollout" | "target"
>;

/** A call that no plugin handled. */
export interface MissingHandler {
  readonly hook: DoingHook;
  /** The transport of the worker. */
  readonly transport: string;
  readonly host: string;
  /** The requested action, such as `restart of api`. */
  readonly wanted?: string;
}

/**
 * The error for a required hook that no tap handled. It names the worker, and a plugin that could handle the hook but
 * is not loaded.
 */
export function noHandler(
  absent: readonly AbsentPlugin[],
  { hook, transport, host, wanted }: MissingHandler,
): MaandError {
  const unit = `worker ${host} with transport "${transport}"`;
  return new MaandError({
    code: "NO_HANDLER",
    message: `no plugin handles \`${hook}\`${wanted === undefined ? "" : ` (${wanted})`} for ${unit}`,
    hint: `${remedy(absent, hook, transport)}; to list the loaded plugins, run maand plugins`,
    worker: host,
  });
}

function remedy(absent: readonly AbsentPlugin[], hook: DoingHook, transport: string): string {
  const able = absent.filter(({ plugin: { provides } }) => {
    const { answers = [], transports = [transport] } = provides ?? {};
    return answers.includes(hook) && transports.includes(transport);
  });
  const fitting = able.find(({ plugin }) => plugin.provides?.transports !== undefined) ?? able[0];
  if (fitting) return addPlugin(`${fitting.name} or another that handles \`${hook}\``);
  if (hook === "connect") return `add a plugin for the transport "${transport}", or change the transport of the worker`;
  return addPlugin(`one that handles \`${hook}\``);
}
