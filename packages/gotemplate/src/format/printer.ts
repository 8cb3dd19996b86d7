import { Fault } from "../fault.ts";
import { sortedEntries } from "../value/map.ts";
import { Byte, Complex, floatOf, intOf } from "../value/numbers.ts";
import { isList, kindOf, typeName } from "../value/value.ts";
import { type Flags, noFlags, pad } from "./flags.ts";
import { formatFloat } from "./float.ts";
import { formatInteger } from "./integer.ts";
import { formatBool, formatString } from "./string.ts";

/** The maximum nesting of printed lists and maps, because printing circular data would never end. */
export const MAX_NESTING = 500;

/** The address that is printed wherever Go would print an address, because JavaScript has no addresses. */
const ADDRESS = 0xc000000000;

/** Collects what the verbs of one print output. Throws a Fault if the output is longer than `limit` characters. */
export class Printer {
  flags: Flags = noFlags();
  readonly #limit: number;
  readonly #parts: string[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Everything written. */
  get text(): string {
    return this.#parts.join("");
  }

  /** Adds text unchanged. */
  write(text: string): void {
    this.#length += text.length;
    if (this.#length > this.#limit) throw new Fault(`exceeded the limit of ${this.#limit} characters`);
    this.#parts.push(text);
  }

  /** Adds an argument by a verb. */
  printArgument(value: unknown, verb: string): void {
    const absent = value === undefined || value === null;
    if (absent && (verb === "T" || verb === "v")) this.write(pad(this.flags, "<nil>"));
    else if (absent) this.#writeBad(value, verb);
    else if (verb === "T") this.write(formatString(this.flags, typeName(value), "s") ?? "");
    else if (verb === "p") this.#printPointer(value, verb);
    else if (verb === "w") this.#writeBad(value, verb);
    else this.#printValue(value, verb, 0);
  }

  #printValue(value: unknown, verb: string, depth: number): void {
    if (depth > MAX_NESTING) throw new Fault("data nested too deeply to print");
    switch (kindOf(value)) {
      case "invalid":
      case "nil":
        this.write(this.flags.source ? "interface {}(nil)" : "<nil>");
        break;
      case "list":
        this.#printList(isList(value) ? value : [], verb, depth);
        break;
      case "map":
        this.#printMap(value, verb, depth);
        break;
      case "func":
        this.#printPointer(value, verb);
        break;
      case "complex":
        this.#printComplex(value, verb);
        break;
      default:
        this.#writeOr(formatScalar(this.flags, value, verb), value, verb);
    }
  }

  #printList(list: readonly unknown[], verb: string, depth: number): void {
    const { source } = this.flags;
    this.write(source ? `${typeName(list)}{` : "[");
    for (let i = 0; i < list.length; i++) {
      if (i > 0) this.write(source ? ", " : " ");
      this.#printValue(list[i], verb, depth + 1);
    }
    this.write(source ? "}" : "]");
  }

  #printMap(map: unknown, verb: string, depth: number): void {
    const { source } = this.flags;
    this.write(source ? `${typeName(map)}{` : "map[");
    sortedEntries(map).forEach(([key, value], i) => {
      if (i > 0) this.write(source ? ", " : " ");
      this.#printValue(key, verb, depth + 1);
      this.write(":");
      this.#printValue(value, verb, depth + 1);
    });
    this.write(source ? "}" : "]");
  }

  /** The imaginary part always has a sign. */
  #printComplex(value: unknown, verb: string): void {
    if (!(value instanceof Complex)) return;
    const real = formatFloat(this.flags, value.real, verb);
    const imaginary = formatFloat({ ...this.flags, plus: true }, value.imaginary, verb);
    const text = real === undefined || imaginary === undefined ? undefined : `(${real}${imaginary}i)`;
    this.#writeOr(text, value, verb);
  }

  #printPointer(value: unknown, verb: string): void {
    const kind = kindOf(value);
    const pointer = kind === "list" || kind === "map" || kind === "func";
    if (!pointer) this.#writeBad(value, verb);
    else if (verb === "v" && this.flags.source) this.write(`(${typeName(value)})(0x${ADDRESS.toString(16)})`);
    else this.#writeOr(this.#formatAddress(verb), value, verb);
  }

  #formatAddress(verb: string): string | undefined {
    if (verb === "p" || verb === "v") return formatInteger({ ...this.flags, sharp: !this.flags.sharp }, ADDRESS, "x");
    return "bodxX".includes(verb) ? formatInteger(this.flags, ADDRESS, verb) : undefined;
  }

  #writeOr(text: string | undefined, value: unknown, verb: string): void {
    if (text === undefined) this.#writeBad(value, verb);
    else this.write(text);
  }

  /** Go's output for a verb that does not match the type: `%!d(string=hi)`. */
  #writeBad(value: unknown, verb: string): void {
    this.write(`%!${verb}(`);
    if (value === undefined || value === null) this.write("<nil>");
    else this.printTyped(value);
    this.write(")");
  }

  /** `string=hi`: the type and value of an unexpected argument. */
  printTyped(value: unknown): void {
    this.write(`${typeName(value)}=`);
    this.#printValue(value, "v", 0);
  }
}

function formatScalar(flags: Flags, value: unknown, verb: string): string | undefined {
  if (typeof value === "string") return formatString(flags, value, verb);
  if (typeof value === "boolean") return formatBool(flags, value, verb);
  if (kindOf(value) === "float") return formatFloat(flags, floatOf(value), verb);
  return formatInteger(flags, intOf(value), verb, value instanceof Byte);
}
