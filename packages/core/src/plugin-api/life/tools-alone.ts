import { MaandError } from "../../errors.ts";
import { pluginError } from "./plugin-error.ts";
import { pluginState } from "./plugin-state.ts";
import type { PluginTools } from "./plugin-tools.ts";
import { stateInMemory } from "./state-in-memory.ts";

/**
 * The tools of a plugin that is applied without maand, such as in a test. Its state is in memory, and there are no
 * services.
 */
export function toolsAlone({ name }: { readonly name: string }): PluginTools {
  const rows = stateInMemory();
  return Object.freeze({
    error: (code, message, options) => pluginError(name, code, message, options),
    use: (service) => {
      throw new MaandError({
        code: "PLUGIN_INVALID",
        message: `plugin "${name}" was applied alone, without a provider of "${service.name}"`,
        hint: "apply it together with the plugin that provides the service",
      });
    },
    state: (entries) => pluginState({ plugin: name, rows: () => rows, hasSecret: () => false }, entries),
  } satisfies PluginTools);
}
