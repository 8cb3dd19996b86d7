import { isRecord } from "../domain/checks/validate.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { MaandError } from "../errors.ts";
import { createHooks, type HookName, isAnswered, type TapFunction, tapByName } from "./hooks.ts";
import type { Plugin } from "./plugin.ts";

/** The name of the plugin made of the hooks in a configuration: in errors, in `maand plugins`, and for ordering. */
export const INLINE_NAME = "config";

/** A hook in a configuration: a function, or a function and its position. */
export type InlineTap<Name extends HookName> =
  | TapFunction<Name>
  | {
      /** The plugin to run before; default: see {@link InlineHooks}. */
      readonly before?: string;
      readonly tap: TapFunction<Name>;
    };

/**
 * Hooks in a configuration, to change a single thing: `hooks: { async after({ job, log }) { ... } }`. At a hook that one tap
 * answers (`connect`, `stage`, `rollout`, ...) they run before all plugins, and so override them. At any other hook they run
 * after all plugins.
 */
export type InlineHooks = { readonly [Name in HookName]?: InlineTap<Name> };

/** Makes a plugin of inline hooks. Throws PLUGIN_INVALID for an unknown hook, or a value that is not a function. */
export function inlinePlugin(written: object): Plugin {
  const taps = Object.entries(written).map(([name, tap]) => understood(name, tap));
  return {
    name: INLINE_NAME,
    apply(hooks) {
      for (const { name, tap, before } of taps) {
        const order = before !== undefined ? { before } : isAnswered(hooks[name]) ? { stage: FIRST } : {};
        tapByName(hooks, name, { name: INLINE_NAME, ...order }, tap);
      }
    },
  };
}

/** tapable's `stage` number: before every plugin, because all plugins have 0. */
const FIRST = -1000;

interface Understood {
  readonly name: HookName;
  readonly tap: (...given: never[]) => unknown;
  readonly before: string | undefined;
}

function understood(name: string, written: unknown): Understood {
  const hooks = createHooks();
  if (!isHookName(name, hooks)) {
    const known = Object.keys(hooks);
    throw invalid(`there is no hook "${name}"`, didYouMean(name, known) ?? `hooks: ${known.join(", ")}`);
  }
  const tap = isRecord(written) ? written.tap : written;
  const before = isRecord(written) ? written.before : undefined;
  if (!isFunction(tap)) throw invalid(`hook "${name}" is not a function`, `write async ${name}(context) { ... }`);
  if (before !== undefined && typeof before !== "string")
    throw invalid(
      `hook "${name}": "before" is not the name of a plugin`,
      'write before: "audit", by the name of a plugin',
    );
  return { name, tap, before };
}

function isHookName(name: string, hooks: object): name is HookName {
  return Object.hasOwn(hooks, name);
}

function isFunction(value: unknown): value is (...given: never[]) => unknown {
  return typeof value === "function";
}

function invalid(message: string, hint: string): MaandError {
  return new MaandError({ code: "PLUGIN_INVALID", message, hint });
}
