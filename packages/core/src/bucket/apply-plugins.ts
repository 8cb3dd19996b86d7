import { importFault } from "../config/import-module.ts";
import { placeText } from "../config/thrown-at.ts";
import { isRecord } from "../domain/checks/validate.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { errorText, isMaandError, MaandError } from "../errors.ts";
import { createHooks, type HookName, type Hooks, isInstant } from "../plugin-api/hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { type Call, instantTap, type Tapping, waitingTap } from "./guarded-tap.ts";
import { asMaandError } from "./outcome.ts";

/** A tap and whose it is. */
export interface Tapped {
  /** The name it was tapped with, which others order themselves by. */
  readonly tap: string;
  /** The plugin that tapped it; `undefined` for a tap that came later than `apply`. */
  readonly plugin: string | undefined;
}

const owners = new WeakMap<object, string>();
const eventFailures = new WeakMap<Hooks, MaandError[]>();

/**
 * Makes the hooks and lets every plugin tap them, in order. An error that leaves a tap is stamped with its plugin and
 * hook, so that nobody has to guess whose it is. Throws PLUGIN_INVALID when a plugin fails while it is applied, taps a hook
 * that is none, or wants to stand before somebody who is not there; an error in a file below `directory` with its line.
 */
export async function applyPlugins(plugins: readonly Plugin[], directory?: string): Promise<Hooks> {
  const hooks = createHooks();
  const applying: Applying = { plugin: undefined };
  const failedTaps: MaandError[] = [];
  for (const [name, hook] of Object.entries(hooks)) guardTaps(name, hook, applying, failedTaps);
  eventFailures.set(hooks, failedTaps);
  for (const plugin of plugins) {
    applying.plugin = plugin;
    await applyOne(plugin, hooks, directory);
  }
  applying.plugin = undefined;
  checkOrder(hooks, plugins);
  return hooks;
}

/** Who taps a hook, in the order they are called. */
export function tapsOf(hooks: Hooks, name: HookName): Tapped[] {
  return hooks[name].taps.map((tap) => ({ tap: tap.name, plugin: owners.get(tap) }));
}

/** What taps of `event` threw since this was last asked: the first error of each. */
export function takeEventFailures(hooks: Hooks): MaandError[] {
  return eventFailures.get(hooks)?.splice(0) ?? [];
}

interface Applying {
  plugin: Plugin | undefined;
}

async function applyOne(plugin: Plugin, hooks: Hooks, directory: string | undefined): Promise<void> {
  try {
    await inTime(plugin.apply(guarded(hooks, plugin.name)));
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

/** How long `apply` may take: enough to ask somebody for a token, and no riddle when that somebody is gone. */
const APPLY_MS = 30_000;

/** Waits for `apply`. One that never ends would otherwise leave the operator before a silent screen. */
async function inTime(applying: void | Promise<void>): Promise<void> {
  if (applying === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${APPLY_MS / 1000} s`)), APPLY_MS);
  });
  await Promise.race([applying, late]).finally(() => clearTimeout(timer));
}

/** The hooks for one plugin: asking for one that is not there names the plugin, and the hook that was perhaps meant. */
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
 * tapable puts a tap that wants to stand before nobody at the very front, without a word. A plugin that was taken out is
 * no mistake; a name that is nearly that of one who is there is.
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

function guardTaps(hookName: string, hook: Hooks[keyof Hooks], applying: Applying, failedTaps: MaandError[]): void {
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
        : { ...tap, type: "promise" as const, fn: waitingTap({ type: tap.type, fn }, hook, by) };
      if (plugin !== undefined) owners.set(registered, plugin);
      return registered;
    },
  });
}

/** A tap of `event`: what it throws is kept to be told, once, and keeps neither the others nor the run from going on. */
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

/** A tap of `functions` that is refused a name which another such tap gave, whichever of them comes first. */
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
