import { joinSurrogates } from "../text/utf8.ts";
import { intOf } from "../value/numbers.ts";
import { kindOf } from "../value/value.ts";
import { type Flags, noFlags } from "./flags.ts";
import { printExtra } from "./print.ts";
import { Printer } from "./printer.ts";

/**
 * Go's `printf`: mismatches are reported in the result, as `%!d(string=hi)`. Throws a Fault beyond `limit` characters.
 */
export function printf(format: string, args: readonly unknown[], limit: number): string {
  const run = new Formatting(format, args, new Printer(limit));
  return joinSurrogates(run.finish());
}

/** A larger width, precision or argument number is invalid. */
const LARGEST = 1_000_000;

/** Length of `[1]`. */
const SHORTEST_INDEX = 3;

class Formatting {
  readonly #format: string;
  readonly #args: readonly unknown[];
  readonly #printer: Printer;
  readonly #lastBracket: number;
  #pos = 0;
  #arg = 0;
  /** Whether an argument number was used anywhere, so that unused arguments are not an error. */
  #reordered = false;
  /** Whether the argument number of the current verb is valid. */
  #sound = true;
  /** Whether an argument number was read last. */
  #numbered = false;

  constructor(format: string, args: readonly unknown[], printer: Printer) {
    this.#format = format;
    this.#args = args;
    this.#printer = printer;
    this.#lastBracket = format.lastIndexOf("]");
  }

  finish(): string {
    while (this.#pos < this.#format.length) {
      const percent = this.#format.indexOf("%", this.#pos);
      const end = percent < 0 ? this.#format.length : percent;
      this.#printer.write(this.#format.slice(this.#pos, end));
      this.#pos = end + 1;
      if (percent >= 0) this.#directive();
    }
    if (!this.#reordered && this.#arg < this.#args.length) printExtra(this.#printer, this.#args.slice(this.#arg));
    return this.#printer.text;
  }

  #directive(): void {
    const flags = noFlags();
    this.#printer.flags = flags;
    this.#sound = true;
    this.#numbered = false;
    this.#readFlags(flags);
    this.#readArgumentNumber();
    this.#readWidth(flags);
    if (this.#takes(".")) this.#readPrecision(flags);
    if (!this.#numbered) this.#readArgumentNumber();
    this.#verb(flags);
  }

  #readFlags(flags: Flags): void {
    for (; ; this.#pos++) {
      const flag = this.#format[this.#pos];
      if (flag === "#") flags.sharp = true;
      else if (flag === "0") flags.zero = true;
      else if (flag === "+") flags.plus = true;
      else if (flag === "-") flags.minus = true;
      else if (flag === " ") flags.space = true;
      else return;
    }
  }

  #readWidth(flags: Flags): void {
    if (!this.#takes("*")) {
      flags.width = this.#readNumber();
      if (this.#numbered && flags.width !== undefined) this.#sound = false;
      return;
    }
    flags.width = this.#intArgument();
    if (flags.width === undefined) this.#printer.write("%!(BADWIDTH)");
    else if (flags.width < 0) {
      flags.width = -flags.width;
      flags.minus = true;
      flags.zero = false;
    }
    this.#numbered = false;
  }

  #readPrecision(flags: Flags): void {
    if (this.#numbered) this.#sound = false;
    this.#readArgumentNumber();
    if (!this.#takes("*")) {
      flags.precision = this.#readNumber() ?? 0;
      return;
    }
    const precision = this.#intArgument();
    flags.precision = precision !== undefined && precision >= 0 ? precision : undefined;
    if (flags.precision === undefined) this.#printer.write("%!(BADPREC)");
    this.#numbered = false;
  }

  #verb(flags: Flags): void {
    const point = this.#format.codePointAt(this.#pos);
    if (point === undefined) {
      this.#printer.write("%!(NOVERB)");
      return;
    }
    const verb = String.fromCodePoint(point);
    this.#pos += verb.length;
    if (verb === "%") this.#printer.write("%");
    else if (!this.#sound) this.#printer.write(`%!${verb}(BADINDEX)`);
    else if (this.#arg >= this.#args.length) this.#printer.write(`%!${verb}(MISSING)`);
    else this.#print(flags, verb);
  }

  #print(flags: Flags, verb: string): void {
    if (verb === "v") {
      flags.source = flags.sharp;
      flags.sharp = false;
      flags.plus = false;
    }
    this.#printer.printArgument(this.#args[this.#arg++], verb);
  }

  #takes(character: string): boolean {
    if (this.#format[this.#pos] !== character) return false;
    this.#pos++;
    return true;
  }

  /** Reads a number in the format. A number that is too large consumes the rest of the format, as in Go. */
  #readNumber(): number | undefined {
    const { value, end } = numberAt(this.#format, this.#pos, this.#format.length);
    this.#pos = end;
    return value;
  }

  #intArgument(): number | undefined {
    if (this.#arg >= this.#args.length) return undefined;
    const value = this.#args[this.#arg++];
    const kind = kindOf(value);
    const number = kind === "int" || kind === "uint" ? Number(intOf(value)) : Number.NaN;
    return Math.abs(number) <= LARGEST ? number : undefined;
  }

  /** `[2]`: the verb takes that argument. */
  #readArgumentNumber(): void {
    this.#numbered = false;
    if (this.#format[this.#pos] !== "[") return;
    this.#reordered = true;
    const closes = this.#pos < this.#lastBracket && this.#pos + SHORTEST_INDEX <= this.#format.length;
    const close = closes ? this.#format.indexOf("]", this.#pos) : -1;
    const { value, end } = numberAt(this.#format, this.#pos + 1, Math.max(close, this.#pos + 1));
    const isNumber = value !== undefined && end === close;
    this.#pos = close < 0 ? this.#pos + 1 : close + 1;
    this.#numbered = isNumber;
    if (isNumber && value >= 1 && value <= this.#args.length) this.#arg = value - 1;
    else this.#sound = false;
  }
}

function numberAt(format: string, start: number, limit: number): { value: number | undefined; end: number } {
  let value: number | undefined;
  let end = start;
  for (; end < limit && /[0-9]/.test(format[end] ?? ""); end++) {
    if ((value ?? 0) > LARGEST) return { value: undefined, end: limit };
    value = (value ?? 0) * 10 + Number(format[end]);
  }
  return { value, end };
}
