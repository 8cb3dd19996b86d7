import { isRecord } from "../../domain/checks/validate.ts";
import { didYouMean } from "../../domain/workspace/names.ts";
import { MaandError } from "../../errors.ts";
import { createHooks, type HookName, type Hooks, isAnswered, type TapFunction } from "../hooks.ts";
import type { Plugin } from "../plugin.ts";
import { isOldName, type OldHookName, type OldName, RENAMED_HOOKS } from "./renamed-hooks.ts";
import { tapByName } from "./tap-by-name.ts";

/**
 * The name of the plugin that consists of the hooks in a configuration: in errors, in `maand plugins`, and for
 * ordering.
 */
export const INLINE_NAME = "config";

/** A hook in a configuration: a function, or a function and its position. */
export type InlineTap<Name extends HookName> =
  | TapFunction<Name>
  | {
      /** The plugin to run before; default: see {@link InlineHooks}. */
      readonly before?: string;
      readonly tap: TapFunction<Name>;
    };

const TAP_KEYS: readonly string[] = ["before", "tap"];

/**
 * Hooks in a configuration, for small changes that need no plugin: `hooks: { async afterJob({ job, log }) { ... } }`.
 * For a hook that stops at the first tap that returns a value (`connect`, `stage`, `rollout`, ...), they run before all
 * plugins and therefore override them. For any other hook, they run after all plugins.
 */
export type InlineHooks = { readonly [Name in HookName]?: InlineTap<Name> } & RenamedInlineHooks;

/** Hooks of a configuration under their old names. */
export interface RenamedInlineHooks {
  /** @deprecated Renamed to `afterBuild`. */
  readonly built?: InlineTap<"afterBuild">;
  /** @deprecated Renamed to `permit`, which is also called before the deploy stops and removes anything. */
  readonly wave?: InlineTap<"permit">;
  /** @deprecated Renamed to `beforeJob`. */
  readonly before?: InlineTap<"beforeJob">;
  /** @deprecated Renamed to `orchestrate`. */
  readonly control?: InlineTap<"orchestrate">;
  /** @deprecated Renamed to `templateFunctions`. */
  readonly functions?: InlineTap<"templateFunctions">;
  /** @deprecated Renamed to `afterJob`. */
  readonly after?: InlineTap<"afterJob">;
}

/** A plugin that consists of inline hooks, and the old names used in it. */
export interface InlinePlugin {
  readonly plugin: Plugin;
  readonly oldNames: readonly OldName[];
}

/**
 * Creates a plugin from inline hooks; `placeOf` returns the line of a hook. Throws PLUGIN_INVALID for an unknown hook,
 * or a value that is not a function.
 */
export function inlinePlugin(
  written: object,
  placeOf: (name: string) => string | undefined = () => undefined,
): InlinePlugin {
  const taps = Object.entries(written).map(([name, tap]) => understood(name, tap));
  const oldNames = taps.flatMap(({ old }) =>
    old === undefined ? [] : [{ plugin: INLINE_NAME, old, place: placeOf(old) }],
  );
  const plugin = { name: INLINE_NAME, apply: (hooks: Hooks) => tapAll(hooks, taps, placeOf) };
  return { plugin, oldNames };
}

function tapAll(hooks: Hooks, taps: readonly Understood[], placeOf: (name: string) => string | undefined): void {
  for (const { name, tap, before, old } of taps) {
    const order = before !== undefined ? { before } : isAnswered(hooks[name]) ? { stage: FIRST } : {};
    tapByName(hooks, name, { name: INLINE_NAME, place: placeOf(old ?? name), ...order }, tap);
  }
}

/** tapable's `stage` number. It precedes every plugin, because all plugins have 0. */
const FIRST = -1000;

interface Understood {
  readonly name: HookName;
  /** The old name used for it. */
  readonly old: OldHookName | undefined;
  readonly tap: (...given: never[]) => unknown;
  readonly before: string | undefined;
}

function understood(written: string, value: unknown): Understood {
  const old = isOldName(written) ? written : undefined;
  const name = hookNamed(old === undefined ? written : RENAMED_HOOKS[old]);
  const tap = isRecord(value) ? value.tap : value;
  const before = isRecord(value) ? value.before : undefined;
  for (const key of isRecord(value) ? Object.keys(value).filter((one) => !TAP_KEYS.includes(one)) : [])
    throw invalid(`hook "${written}" has no option "${key}"`, didYouMean(key, TAP_KEYS) ?? OPTIONS_HINT);
  if (!isFunction(tap)) throw invalid(`hook "${written}" is not a function`, `write async ${name}(context) { ... }`);
  if (before !== undefined && typeof before !== "string")
    throw invalid(
      `hook "${written}": "before" is not the name of a plugin`,
      'write the name of a plugin, such as before: "audit"',
    );
  return { name, old, tap, before };
}

const OPTIONS_HINT = 'write { before: "audit", async tap(context) { ... } }';

function hookNamed(name: string): HookName {
  const hooks = createHooks();
  if (isHookName(name, hooks)) return name;
  const known = Object.keys(hooks);
  throw invalid(`there is no hook "${name}"`, didYouMean(name, known) ?? `hooks: ${known.join(", ")}`);
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
