import { MaandError } from "../errors.ts";
import { type AbsentPlugin, addPlugin } from "../plugin-api/absent-plugins.ts";
import type { HookName } from "../plugin-api/hooks.ts";

/** Hooks that must be answered. */
export type DoingHook = Extract<HookName, "connect" | "stage" | "reconcile" | "rollout" | "target">;

/** What no plugin answered. */
export interface Unanswered {
  readonly hook: DoingHook;
  /** How the worker is reached. */
  readonly transport: string;
  readonly host: string;
  /** What was wanted of the hook, such as `restart of api`. */
  readonly wanted?: string;
}

/** The error for a doing hook that no tap answered: for which worker, and which of the absent plugins would answer it. */
export function noHandler(absent: readonly AbsentPlugin[], { hook, transport, host, wanted }: Unanswered): MaandError {
  const unit = `worker ${host}, which is reached by "${transport}"`;
  return new MaandError({
    code: "NO_HANDLER",
    message: `no plugin answered \`${hook}\`${wanted === undefined ? "" : ` (${wanted})`} for ${unit}`,
    hint: `${remedy(absent, hook, transport)}; maand plugins lists what is loaded`,
    worker: host,
  });
}

function remedy(absent: readonly AbsentPlugin[], hook: DoingHook, transport: string): string {
  const able = absent.filter(({ plugin: { provides } }) => {
    const { answers = [], transports = [transport] } = provides ?? {};
    return answers.includes(hook) && transports.includes(transport);
  });
  const fitting = able.find(({ plugin }) => plugin.provides?.transports !== undefined) ?? able[0];
  if (fitting) return addPlugin(`${fitting.name} or another that answers \`${hook}\``);
  if (hook === "connect") return `add a plugin that reaches workers by "${transport}", or change their transport`;
  return addPlugin(`one that answers \`${hook}\``);
}
