import { MaandError } from "../errors.ts";
import type { HookName } from "../plugin-api/hooks.ts";

/** Hooks that must be answered. */
export type DoingHook = Extract<HookName, "connect" | "stage" | "reconcile" | "rollout" | "target">;

/** The stock package that answers a hook; of `connect`, for a transport. Only named here, for hints; core imports none. */
const STOCK: Readonly<Record<DoingHook, string>> = {
  connect: "@maand/plugin-ssh",
  stage: "@maand/plugin-rsync",
  reconcile: "@maand/plugin-make",
  rollout: "@maand/plugin-make",
  target: "@maand/plugin-make",
};

/** What nobody answered. */
export interface Unanswered {
  readonly hook: DoingHook;
  /** How the worker is reached. */
  readonly transport: string;
  readonly host: string;
  /** What was wanted of the hook, such as `restart of api`. */
  readonly wanted?: string;
}

/** The error for a doing hook that no tap answered: whom it was for, and what would answer it. */
export function noHandler({ hook, transport, host, wanted }: Unanswered): MaandError {
  const whom = `worker ${host}, which is reached by "${transport}"`;
  return new MaandError({
    code: "NO_HANDLER",
    message: `no plugin answered \`${hook}\`${wanted === undefined ? "" : ` (${wanted})`} for ${whom}`,
    hint: `${remedy(hook, transport)}; maand plugins lists what is loaded`,
    worker: host,
  });
}

function remedy(hook: DoingHook, transport: string): string {
  const local = transport === "local" && (hook === "connect" || hook === "stage");
  if (hook === "connect" && transport !== "ssh" && !local)
    return `add a plugin that reaches workers by "${transport}", or change their transport`;
  return `add ${local ? "@maand/plugin-local" : STOCK[hook]} or another that answers \`${hook}\` to the plugins of the configuration`;
}
