import { lineOf } from "../config/thrown-at.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { MaandError } from "../errors.ts";
import type { Hooks } from "../plugin-api/hooks.ts";
import { isOldName, type OldHookName, type OldName } from "../plugin-api/tapping/renamed-hooks.ts";

/**
 * Options of a plugin's hooks: its name, the bucket whose files are named in messages, and a callback for old hook
 * names.
 */
export interface HooksOptions {
  readonly plugin: string;
  readonly directory: string | undefined;
  onOldName(name: OldName): void;
}

/**
 * The hooks for one plugin. An unknown hook throws an error that names the plugin and its line, and suggests a hook. An
 * old name works, and is reported once per plugin.
 */
export function hooksFor(hooks: Hooks, { plugin, directory, onOldName }: HooksOptions): Hooks {
  const reported = new Set<OldHookName>();
  return new Proxy(hooks, {
    get(target, name, receiver) {
      if (typeof name === "string" && !(name in target))
        throw unknownHook(plugin, name, Object.keys(target), callerIn(directory));
      if (typeof name === "string" && isOldName(name) && !reported.has(name)) {
        reported.add(name);
        onOldName({ plugin, old: name, place: callerIn(directory) });
      }
      return Reflect.get(target, name, receiver);
    },
  });
}

function unknownHook(plugin: string, name: string, known: readonly string[], place: string | undefined): MaandError {
  return new MaandError({
    code: "PLUGIN_INVALID",
    message: `plugin "${plugin}" taps a hook "${name}" that does not exist${inPlace(place)}`,
    hint: didYouMean(name, known) ?? `hooks: ${known.join(", ")}`,
  });
}

/** `file:line` of the bucket's own code that is being run. */
export function callerIn(directory: string | undefined): string | undefined {
  return directory === undefined ? undefined : lineOf(new Error("here"), directory);
}

/** Formats a place for the end of a message: ` (maand.config.ts:7)`. */
export function inPlace(place: string | undefined): string {
  return place === undefined ? "" : ` (${place})`;
}
