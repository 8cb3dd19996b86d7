import { isMaandError, MaandError } from "../errors.ts";
import { createHooks, type Hooks } from "../hooks.ts";
import type { Plugin } from "../plugin.ts";

/**
 * Makes the hooks and lets every plugin tap them, in order. An error that leaves a tap is stamped with its plugin and
 * hook, so that nobody has to guess whose it is. Throws PLUGIN_INVALID when a plugin fails while it is applied.
 */
export async function applyPlugins(plugins: readonly Plugin[]): Promise<Hooks> {
  const hooks = createHooks();
  for (const hook of Object.values(hooks)) stampErrors(hook);
  for (const plugin of plugins) await applyOne(plugin, hooks);
  return hooks;
}

async function applyOne(plugin: Plugin, hooks: Hooks): Promise<void> {
  try {
    await plugin.apply(guarded(hooks, plugin.name));
  } catch (cause) {
    if (isMaandError(cause)) throw cause;
    throw new MaandError({
      code: "PLUGIN_INVALID",
      message: `plugin "${plugin.name}" failed while it was applied: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "mend the plugin, or take it out of the configuration",
      cause,
    });
  }
}

/** The hooks for one plugin: asking for one that is not there names the plugin and those that are. */
function guarded(hooks: Hooks, plugin: string): Hooks {
  return new Proxy(hooks, {
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name, receiver);
      throw new MaandError({
        code: "PLUGIN_INVALID",
        message: `plugin "${plugin}" taps a hook "${name}" that does not exist`,
        hint: `hooks: ${Object.keys(target).join(", ")}`,
      });
    },
  });
}

function stampErrors(hook: Hooks[keyof Hooks]): void {
  const name = hook.name ?? "";
  hook.intercept({
    register: (tap) => ({
      ...tap,
      fn: (...given: unknown[]) => stamped(() => Reflect.apply(tap.fn, undefined, given), tap.name, name),
    }),
  });
}

/** Calls a tap so that whatever it throws, now or later, is stamped. */
function stamped(call: () => unknown, plugin: string, hook: string): unknown {
  try {
    const answer = call();
    return answer instanceof Promise
      ? answer.catch((cause: unknown) => Promise.reject(stamp(cause, plugin, hook)))
      : answer;
  } catch (cause) {
    throw stamp(cause, plugin, hook);
  }
}

/** Errors with a code already say what happened where; anything else is the plugin's own mistake. */
function stamp(cause: unknown, plugin: string, hook: string): unknown {
  if (isMaandError(cause)) return cause;
  return new MaandError({
    code: "HOOK_FAILED",
    message: `${plugin} failed in ${hook}: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause,
  });
}
