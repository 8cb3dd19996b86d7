import { callableOf, checkCount } from "../exec/functions.ts";
import { accept } from "../exec/params.ts";
import { Fault } from "../fault.ts";
import { typeName } from "../value/value.ts";

/** Go's `call`: runs a function that is a value. Throws a Fault if it is not a function or takes other arguments. */
export function call(callee: unknown, args: readonly unknown[], written: string): unknown {
  if (callee === undefined || callee === null) throw new Fault("call of nil");
  const callable = callableOf(callee);
  if (!callable) throw new Fault(`non-function ${written} of type ${typeName(callee)}`);
  checkCount(written, callable, args.length);
  const accepted = args.map((arg, i) => accept(arg, callable.params[i] ?? callable.rest ?? "any"));
  return callable.run(accepted, written);
}
