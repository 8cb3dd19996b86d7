import { characterCount } from "../text/characters.ts";

/** The flags between the percent sign and the verb. `width` and `precision` are undefined if not given. */
export interface Flags {
  width: number | undefined;
  precision: number | undefined;
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  /** `%#v`: values as Go source. */
  source: boolean;
}

/** Flags of a bare verb. */
export function noFlags(): Flags {
  return {
    width: undefined,
    precision: undefined,
    plus: false,
    minus: false,
    sharp: false,
    space: false,
    zero: false,
    source: false,
  };
}

/** Text padded to the width, with zeros on the left if the flags require it. */
export function pad(flags: Flags, text: string): string {
  return flags.zero && !flags.minus ? filling(flags, text, "0") + text : padWithSpaces(flags, text);
}

/** Text padded to the width with spaces. */
export function padWithSpaces(flags: Flags, text: string): string {
  const spaces = filling(flags, text, " ");
  return flags.minus ? text + spaces : spaces + text;
}

function filling(flags: Flags, text: string, fill: string): string {
  return flags.width === undefined ? "" : fill.repeat(Math.max(0, flags.width - characterCount(text)));
}
