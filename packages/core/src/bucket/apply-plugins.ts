import { importFault } from "../config/import-module.ts";
import { placeText } from "../config/thrown-at.ts";
import { isRecord } from "../domain/checks/validate.ts";
import { errorText, isMaandError, MaandError } from "../errors.ts";
import { createHooks, type HookName, type Hooks, isInstant, type TapLimit } from "../plugin-api/hooks.ts";
import type { PluginTools } from "../plugin-api/life/plugin-tools.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { OldName } from "../plugin-api/tapping/renamed-hooks.ts";
import type { TapOrder } from "../plugin-api/tapping/tap-by-name.ts";
import type { EventReader } from "../printed-lines.ts";
import type { BackPressure } from "../remote/back-pressure.ts";
import { asMaandError } from "./error-outcome.ts";
import { instantTap, promised, waitingTap } from "./guarded-tap.ts";
import { lifeWithoutBucket, type PluginLife } from "./life/plugin-life.ts";
import { canBeBehind, takesLines } from "./lines/call-readers.ts";
import { callerIn, hooksFor, inPlace } from "./plugin-hooks.ts";
import { checkOptions, checkOrder, type TapOrigin } from "./tap-order.ts";
import type { Tracer } from "./trace/tracer.ts";
import type { Call, Tapping } from "./watch/tapping.ts";

/** A tap and the plugin it belongs to. */
export interface Tapped {
  /** The name of the tap, which other taps use for ordering. */
  readonly tap: string;
  /** The plugin that tapped the hook; undefined for a tap added after `apply`. */
  readonly plugin: string | undefined;
}

const origins = new WeakMap<object, TapOrigin>();
const eventFailures = new WeakMap<Hooks, MaandError[]>();
const oldNames = new WeakMap<Hooks, OldName[]>();

/**
 * Creates the hooks and applies every plugin, in order. Each error of a tap without an error code is marked with its
 * plugin and hook, so that the message names the plugin. Throws PLUGIN_INVALID if a plugin fails while being applied,
 * taps an unknown hook, sets an unknown option of a tap, or orders a tap before a misspelled name. An error in a file
 * under `directory` is reported with its line.
 */
export async function applyPlugins(
  plugins: readonly Plugin[],
  directory?: string,
  life = lifeWithoutBucket(),
): Promise<Hooks> {
  const hooks = createHooks();
  const applying: Applying = { plugin: undefined, directory };
  const failedTaps: MaandError[] = [];
  const old: OldName[] = [];
  for (const [name, hook] of Object.entries(hooks)) guardTaps(name, hook, { applying, failedTaps, life });
  eventFailures.set(hooks, failedTaps);
  oldNames.set(hooks, old);
  life.begin(plugins);
  for (const plugin of plugins) {
    applying.plugin = plugin;
    const seen = hooksFor(hooks, { plugin: plugin.name, directory, onOldName: (name) => old.push(name) });
    await applyOne(plugin, { hooks: seen, tools: life.toolsFor(plugin) }, directory);
    life.applied(plugin);
  }
  applying.plugin = undefined;
  checkOrder(
    hooks,
    plugins.map(({ name }) => name),
    (tap) => origins.get(tap),
  );
  return hooks;
}

/** The taps of a hook, in call order. */
export function tapsOf(hooks: Hooks, name: HookName): Tapped[] {
  return hooks[name].taps.map((tap) => ({ tap: tap.name, plugin: origins.get(tap)?.plugin }));
}

/** The errors that `event` taps threw since the last call: the first error of each tap. */
export function takeEventFailures(hooks: Hooks): MaandError[] {
  return eventFailures.get(hooks)?.splice(0) ?? [];
}

/** The old names under which plugins tapped hooks, each once per plugin. */
export function oldNamesIn(hooks: Hooks): readonly OldName[] {
  return oldNames.get(hooks) ?? [];
}

interface Applying {
  plugin: Plugin | undefined;
  readonly directory: string | undefined;
}

async function applyOne(
  plugin: Plugin,
  { hooks, tools }: { readonly hooks: Hooks; readonly tools: PluginTools },
  directory: string | undefined,
): Promise<void> {
  try {
    await inTime(plugin.apply(hooks, tools));
  } catch (cause) {
    if (isMaandError(cause)) throw cause;
    const place = directory === undefined ? undefined : await importFault(cause, directory);
    throw new MaandError({
      code: "PLUGIN_INVALID",
      message: `plugin "${plugin.name}" failed while being applied${inPlace(place && placeText(place))}: ${errorText(cause)}`,
      hint: "fix the plugin, or remove it from the configuration",
      cause,
    });
  }
}

/** The timeout of `apply`: long enough to fetch a token, short enough to notice a service that does not respond. */
const APPLY_MS = 30_000;

/**
 * Waits for `apply`, with a timeout. Without the timeout, a plugin that never finishes would make maand hang without
 * output.
 */
async function inTime(applying: void | Promise<void>): Promise<void> {
  if (applying === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${APPLY_MS / 1000} s`)), APPLY_MS);
  });
  await Promise.race([applying, late]).finally(() => clearTimeout(timer));
}

interface Guarding {
  readonly applying: Applying;
  readonly failedTaps: MaandError[];
  readonly life: PluginLife;
}

function guardTaps(hookName: string, hook: Hooks[HookName], { applying, failedTaps, life }: Guarding): void {
  const providers = new Map<string, string>();
  const instant = (call: Call, by: Tapping): Call => {
    const replaceable = applying.plugin?.provides?.replaceableFunctions === true;
    if (hookName === "templateFunctions" && !replaceable)
      return instantTap(ownFunctions(call, by.plugin, providers), by);
    return hookName === "event" ? withErrorsKept(instantTap(call, by), failedTaps) : instantTap(call, by);
  };
  hook.intercept({
    register: (tap) => {
      const plugin = applying.plugin?.name;
      checkOptions(tap, hookName, plugin ?? tap.name, applying.directory);
      const by = {
        plugin: plugin === undefined || plugin === tap.name ? tap.name : `${plugin} (${tap.name})`,
        hook: hookName,
        directory: applying.directory,
        registered: new Error(hookName),
        limitMs: limitIn(tap),
      };
      const fn: Call = (...given) => Reflect.apply(tap.fn, undefined, given);
      const guarded = isInstant(hook)
        ? { type: tap.type, fn: instant(fn, by) }
        : { type: "async" as const, fn: waitingTap({ type: tap.type, fn }, hook, by, life.watch) };
      const registered = { ...tap, ...(life.tracer ? traced(guarded, by, life.tracer) : guarded) };
      const lines = hookName === "event" ? linesOf(tap.fn) : undefined;
      if (lines)
        takesLines(registered.fn, life.tracer ? life.tracer.around(instant(lines, by), by) : instant(lines, by));
      const backPressure = hookName === "event" ? pressureIn(tap.fn) : undefined;
      if (backPressure) canBeBehind(registered.fn, backPressure);
      // only an error in the order needs the place, and finding the place is expensive
      const place = tap.before === undefined ? undefined : (writtenAt(tap) ?? callerIn(applying.directory));
      if (plugin !== undefined) origins.set(registered, { plugin, place });
      return registered;
    },
  });
}

/**
 * Measures the calls to a tap. An asynchronous tap is converted to one that returns a promise, because the tracer
 * measures promises.
 */
function traced({ type, fn }: Guarded, by: Tapping, tracer: Tracer): Guarded {
  return type === "async"
    ? { type: "promise", fn: tracer.around(promised(fn), by) }
    : { type, fn: tracer.around(fn, by) };
}

/** A guarded tap in the form in which it is added to its hook. */
interface Guarded {
  readonly type: "sync" | "async" | "promise";
  readonly fn: Call;
}

/** The timeout that a tap declares along with its name. */
function limitIn(tap: object & TapLimit): unknown {
  return tap.limitMs;
}

/** The function with which an event reader receives many lines in one call. */
function linesOf(tap: object & Pick<EventReader, "readLines">): Call | undefined {
  const { readLines } = tap;
  return typeof readLines === "function" ? (...given) => Reflect.apply(readLines, tap, given) : undefined;
}

/** The function with which an event reader reports whether it has fallen behind. */
function pressureIn(tap: object & Pick<EventReader, "backPressure">): BackPressure | undefined {
  return typeof tap.backPressure === "function" ? () => tap.backPressure?.() : undefined;
}

/** The line of an inline hook. No stack trace contains it. */
function writtenAt(tap: TapOrder): string | undefined {
  return tap.place;
}

/** Wraps an `event` tap: its errors are collected for one warning and stop neither the other taps nor the run. */
function withErrorsKept(tap: Call, failedTaps: MaandError[]): Call {
  let isReported = false;
  return (...given) => {
    try {
      tap(...given);
    } catch (cause) {
      if (!isReported) failedTaps.push(asMaandError(cause));
      isReported = true;
    }
  };
}

/**
 * Wraps a `templateFunctions` tap: it may not define a name of another plugin, regardless of the order of the plugins.
 */
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
          message: `plugins "${provider}" and "${plugin}" both provide the template function "${name}"`,
          hint: "remove one of them, or ask its author to rename it",
        });
      providers.set(name, plugin);
    }
    return answer;
  };
}
