import { firstCharacters } from "../text/characters.ts";
import { canBackquote, quote } from "../text/quote.ts";
import { toBytes } from "../text/utf8.ts";
import { type Flags, pad } from "./flags.ts";

/** A text by a verb of `s v q x X`; undefined for any other verb. */
export function formatString(flags: Flags, text: string, verb: string): string | undefined {
  switch (verb) {
    case "s":
      return pad(flags, cut(flags, text));
    case "v":
      return flags.source ? quoted(flags, text) : pad(flags, cut(flags, text));
    case "q":
      return quoted(flags, text);
    case "x":
    case "X":
      return hexadecimal(flags, text, verb);
    default:
      return undefined;
  }
}

/** A boolean by the verbs `t` and `v`; undefined for any other verb. */
export function formatBool(flags: Flags, value: boolean, verb: string): string | undefined {
  return verb === "t" || verb === "v" ? pad(flags, String(value)) : undefined;
}

function cut(flags: Flags, text: string): string {
  return flags.precision === undefined ? text : firstCharacters(text, flags.precision);
}

function quoted(flags: Flags, text: string): string {
  const shown = cut(flags, text);
  if (flags.sharp && canBackquote(shown)) return pad(flags, `\`${shown}\``);
  return pad(flags, quote(shown, '"', flags.plus));
}

function hexadecimal(flags: Flags, text: string, verb: "x" | "X"): string {
  const bytes = toBytes(text).subarray(0, flags.precision ?? Number.POSITIVE_INFINITY);
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const digits = verb === "X" ? pairs.map((pair) => pair.toUpperCase()) : pairs;
  const prefix = flags.sharp && bytes.length > 0 ? `0${verb}` : "";
  return pad(flags, prefix + digits.join(flags.space ? ` ${prefix}` : ""));
}
