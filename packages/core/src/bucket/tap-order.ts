import { didYouMean } from "../domain/workspace/names.ts";
import { MaandError } from "../errors.ts";
import type { Hooks } from "../plugin-api/hooks.ts";
import { callerIn, inPlace } from "./plugin-hooks.ts";

/** The origin of a tap: its plugin, and the line that added it. */
export interface TapOrigin {
  readonly plugin: string | undefined;
  readonly place: string | undefined;
}

/**
 * Refuses a tap whose `before` looks like a misspelled plugin name, because tapable silently puts a tap with an unknown
 * `before` first. The name of a plugin that was removed from the list is valid, unless it is similar to an existing
 * name.
 */
export function checkOrder(
  hooks: Hooks,
  plugins: readonly string[],
  originOf: (tap: object) => TapOrigin | undefined,
): void {
  for (const [hook, { taps }] of Object.entries(hooks)) {
    const known = [...new Set([...plugins, ...taps.map((tap) => tap.name)])];
    for (const tap of taps) {
      const wanted: readonly string[] = tap.before === undefined ? [] : [tap.before].flat();
      const origin = originOf(tap);
      for (const name of wanted.filter((one) => !known.includes(one))) {
        const others = known.filter((one) => one !== tap.name && one !== origin?.plugin);
        const hint = didYouMean(name, others);
        if (hint !== undefined) throw misplaced(origin?.plugin ?? tap.name, hook, name, { hint, place: origin?.place });
      }
    }
  }
}

/** The options that a plugin may give a tap. */
const OWN_OPTIONS = ["name", "before", "concerns", "limitMs", "sameForAll"];
/** The options that plugins may set, followed by those that maand and tapable add. The last four belong to tapable. */
const OPTIONS: readonly string[] = [...OWN_OPTIONS, "place", "stage", "type", "fn", "context"];

/** Refuses an option of a tap that does not exist, because tapable silently ignores it. */
export function checkOptions(tap: object, hook: string, plugin: string, directory: string | undefined): void {
  const unknown = Object.keys(tap).find((key) => !OPTIONS.includes(key));
  if (unknown === undefined) return;
  const place = inPlace(callerIn(directory));
  throw new MaandError({
    code: "PLUGIN_INVALID",
    message: `plugin "${plugin}" taps ${hook} with an option "${unknown}" that does not exist${place}`,
    hint: didYouMean(unknown, OWN_OPTIONS) ?? `options: ${OWN_OPTIONS.join(", ")}`,
  });
}

function misplaced(
  plugin: string,
  hook: string,
  name: string,
  { hint, place }: { readonly hint: string; readonly place: string | undefined },
): MaandError {
  const message = `plugin "${plugin}" taps ${hook} before "${name}"${inPlace(place)}, but there is no such plugin`;
  return new MaandError({ code: "PLUGIN_INVALID", message, hint });
}
