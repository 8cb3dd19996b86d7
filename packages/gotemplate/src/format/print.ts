import { joinSurrogates } from "../text/utf8.ts";
import { noFlags } from "./flags.ts";
import { Printer } from "./printer.ts";

/** The output of an action for a value. */
export function printAction(value: unknown, limit: number): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "<no value>" : print([value], limit);
}

/** Go's `print`: a space between two operands if neither is text. Throws a Fault beyond `limit` characters. */
export function print(values: readonly unknown[], limit: number): string {
  const printer = new Printer(limit);
  values.forEach((value, i) => {
    const spaced = i > 0 && typeof value !== "string" && typeof values[i - 1] !== "string";
    if (spaced) printer.write(" ");
    printer.printArgument(value, "v");
  });
  return joinSurrogates(printer.text);
}

/** Go's `println`: a space between all operands and a newline at the end. Throws a Fault like {@link print}. */
export function printLine(values: readonly unknown[], limit: number): string {
  const printer = new Printer(limit);
  values.forEach((value, i) => {
    if (i > 0) printer.write(" ");
    printer.printArgument(value, "v");
  });
  printer.write("\n");
  return joinSurrogates(printer.text);
}

/** The unused arguments, as reported by `printf`. */
export function printExtra(printer: Printer, values: readonly unknown[]): void {
  printer.flags = noFlags();
  printer.write("%!(EXTRA ");
  values.forEach((value, i) => {
    if (i > 0) printer.write(", ");
    if (value === undefined || value === null) printer.write("<nil>");
    else printer.printTyped(value);
  });
  printer.write(")");
}
