import { applyPlugins, takeEventFailures } from "../bucket/apply-plugins.ts";
import type { HookName, TapFunction } from "../plugin-api/hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { type Given, sampleOf } from "./every-hook.ts";

/** The result of a hook. */
export type Answer<Name extends HookName> = Awaited<ReturnType<TapFunction<Name>>>;

/**
 * Applies plugins in order, as maand does and with the same error messages, and calls one of their hooks: `await
 * callHook(systemd, "rollout", rolloutContext({ remote }))`. Without a context, the tap receives {@link sampleOf}. An
 * error of an `event` tap is thrown here; in a run it is a warning.
 */
export function callHook<Name extends HookName>(
  plugins: Plugin | readonly Plugin[],
  name: Name,
  ...given: Given<Name> | []
): Promise<Answer<Name>>;
export async function callHook(
  plugins: Plugin | readonly Plugin[],
  name: HookName,
  ...given: readonly unknown[]
): Promise<unknown> {
  const hooks = await applyPlugins([plugins].flat());
  const hook: unknown = Reflect.get(hooks, name);
  const all = given.length > 0 ? given : sampleOf(name);
  const answer: unknown = isHook(hook) ? await hook[isAsynchronous(hook) ? "promise" : "call"](...all) : undefined;
  const [failure] = takeEventFailures(hooks);
  if (failure) throw failure;
  return answer;
}

type Call = (...given: readonly unknown[]) => unknown;

function isHook(hook: unknown): hook is { readonly promise: Call; readonly call: Call } {
  return typeof hook === "object" && hook !== null && "promise" in hook;
}

/** Whether a hook is asynchronous: only asynchronous hooks have no `call`. */
function isAsynchronous(hook: object): boolean {
  return !("call" in hook) || typeof hook.call !== "function";
}
