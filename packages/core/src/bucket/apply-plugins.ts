import { importFault } from "../config/import-module.ts";
import { placeText } from "../config/thrown-at.ts";
import { isRecord } from "../domain/checks/validate.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { errorText, isMaandError, MaandError } from "../errors.ts";
import { createHooks, type HookName, type Hooks, isInstant } from "../plugin-api/hooks.ts";
import type { PluginTools } from "../plugin-api/life/plugin-tools.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { type Call, instantTap, type Tapping, waitingTap } from "./guarded-tap.ts";
import { PluginLife } from "./life/plugin-life.ts";
import { asMaandError } from "./outcome.ts";
import type { TapWatch } from "./watch/tap-watch.ts";

/** A tap and the plugin it belongs to. */
export interface Tapped {
  /** The name of the tap, which other taps use for ordering. */
  readonly tap: string;
  /** The plugin that tapped the hook; undefined for a tap added after `apply`. */
  readonly plugin: string | undefined;
}

const owners = new WeakMap<object, string>();
const eventFailures = new WeakMap<Hooks, MaandError[]>();

/**
 * Makes the hooks and applies every plugin, in order. Each error of a tap is stamped with its plugin and hook, so that
 * messages always name the plugin. Throws PLUGIN_INVALID if a plugin fails while it is applied, taps an unknown hook, or
 * orders itself before an unknown tap; an error in a file below `directory` comes with its line.
 */
export async function applyPlugins(
  plugins: readonly Plugin[],
  directory?: string,
  life = new PluginLife(),
): Promise<Hooks> {
  const hooks = createHooks();
  const applying: Applying = { plugin: undefined };
  const failedTaps: MaandError[] = [];
  for (const [name, hook] of Object.entries(hooks)) guardTaps(name, hook, applying, failedTaps, life.watch);
  eventFailures.set(hooks, failedTaps);
  life.begin(plugins);
  for (const plugin of plugins) {
    applying.plugin = plugin;
    await applyOne(plugin, hooks, life.toolsFor(plugin), directory);
    life.applied(plugin);
  }
  applying.plugin = undefined;
  checkOrder(hooks, plugins);
  return hooks;
}

/** The taps of a hook, in call order. */
export function tapsOf(hooks: Hooks, name: HookName): Tapped[] {
  return hooks[name].taps.map((tap) => ({ tap: tap.name, plugin: owners.get(tap) }));
}

/** The errors that taps of `event` threw since the last call: the first error of each tap. */
export function takeEventFailures(hooks: Hooks): MaandError[] {
  return eventFailures.get(hooks)?.splice(0) ?? [];
}

interface Applying {
  plugin: Plugin | undefined;
}

async function applyOne(
  plugin: Plugin,
  hooks: Hooks,
  tools: PluginTools,
  directory: string | undefined,
): Promise<void> {
  try {
    await inTime(plugin.apply(guarded(hooks, plugin.name), tools));
  } catch (cause) {
    if (isMaandError(cause)) throw cause;
    const place = directory === undefined ? undefined : await importFault(cause, directory);
    const at = place ? ` (${placeText(place)})` : "";
    throw new MaandError({
      code: "PLUGIN_INVALID",
      message: `plugin "${plugin.name}" failed while it was applied${at}: ${errorText(cause)}`,
      hint: "mend the plugin, or take it out of the configuration",
      cause,
    });
  }
}

/** The time limit of `apply`: long enough to fetch a token, short enough to notice a service that does not answer. */
const APPLY_MS = 30_000;

/** Waits for `apply`, with a limit. Without one, a plugin that never finishes would leave a silent screen. */
async function inTime(applying: void | Promise<void>): Promise<void> {
  if (applying === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${APPLY_MS / 1000} s`)), APPLY_MS);
  });
  await Promise.race([applying, late]).finally(() => clearTimeout(timer));
}

/** The hooks as one plugin sees them: an unknown hook throws an error that names the plugin and suggests a hook. */
function guarded(hooks: Hooks, plugin: string): Hooks {
  return new Proxy(hooks, {
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name, receiver);
      throw new MaandError({
        code: "PLUGIN_INVALID",
        message: `plugin "${plugin}" taps a hook "${name}" that does not exist`,
        hint: didYouMean(name, Object.keys(target)) ?? `hooks: ${Object.keys(target).join(", ")}`,
      });
    },
  });
}

/**
 * tapable silently puts a tap with an unknown `before` first. A plugin that was removed from the list is a valid case; a
 * near miss of an existing name is an error.
 */
function checkOrder(hooks: Hooks, plugins: readonly Plugin[]): void {
  const names = plugins.map(({ name }) => name);
  for (const [hook, { taps }] of Object.entries(hooks)) {
    const known = [...new Set([...names, ...taps.map(({ name }) => name)])];
    for (const tap of taps) {
      const wanted: readonly string[] = tap.before === undefined ? [] : [tap.before].flat();
      for (const name of wanted.filter((one) => !known.includes(one))) {
        const hint = didYouMean(
          name,
          known.filter((one) => one !== tap.name && one !== owners.get(tap)),
        );
        if (hint === undefined) continue;
        const message = `plugin "${owners.get(tap) ?? tap.name}" taps ${hook} before "${name}", and there is no such plugin`;
        throw new MaandError({ code: "PLUGIN_INVALID", message, hint });
      }
    }
  }
}

function guardTaps(hookName: string, hook: Hooks[keyof Hooks], applying: Applying, failedTaps: MaandError[], watch: TapWatch): void {
  const providers = new Map<string, string>();
  const instant = (call: Call, by: Tapping): Call => {
    const replaceable = applying.plugin?.provides?.replaceableFunctions === true;
    if (hookName === "functions" && !replaceable) return instantTap(ownFunctions(call, by.plugin, providers), by);
    return hookName === "event" ? heard(instantTap(call, by), failedTaps) : instantTap(call, by);
  };
  hook.intercept({
    register: (tap) => {
      const plugin = applying.plugin?.name;
      const by = {
        plugin: plugin === undefined || plugin === tap.name ? tap.name : `${plugin} (${tap.name})`,
        hook: hookName,
      };
      const fn: Call = (...given) => Reflect.apply(tap.fn, undefined, given);
      const registered = isInstant(hook)
        ? { ...tap, fn: instant(fn, by) }
        : { ...tap, type: "promise" as const, fn: waitingTap({ type: tap.type, fn }, hook, by, watch) };
      if (plugin !== undefined) owners.set(registered, plugin);
      return registered;
    },
  });
}

/** A tap of `event`: its errors are kept for one warning and stop neither the other taps nor the run. */
function heard(tap: Call, failedTaps: MaandError[]): Call {
  let told = false;
  return (...given) => {
    try {
      tap(...given);
    } catch (cause) {
      if (!told) failedTaps.push(asMaandError(cause));
      told = true;
    }
  };
}

/** A tap of `functions` that may not define a name of another plugin, whichever comes first. */
function ownFunctions(tap: Call, plugin: string, providers: Map<string, string>): Call {
  return (...given) => {
    const answer = tap(...given);
    const [before] = given;
    if (!isRecord(before) || !isRecord(answer)) return answer;
    for (const name of Object.keys(answer).filter((key) => answer[key] !== before[key])) {
      const provider = providers.get(name) ?? plugin;
      if (provider !== plugin)
        throw new MaandError({
          code: "PLUGIN_INVALID",
          message: `plugins "${provider}" and "${plugin}" both give the template function "${name}"`,
          hint: "take one of them out, or ask an author to rename it",
        });
      providers.set(name, plugin);
    }
    return answer;
  };
}
