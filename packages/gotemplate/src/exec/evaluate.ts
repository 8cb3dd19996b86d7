import { reasonOf } from "../error.ts";
import { Fault } from "../fault.ts";
import type { CommandNode, FunctionNode, Operand, PipeNode, Span } from "../parse/nodes.ts";
import { shortened } from "../text/characters.ts";
import { lookup } from "../value/map.ts";
import { isTrue } from "../value/truth.ts";
import { kindOf, typeName } from "../value/value.ts";
import { type Callable, checkCount } from "./functions.ts";
import { accept, acceptLiteral, literalOf, type Param } from "./params.ts";
import type { State } from "./state.ts";

/** Marks that a stage has no piped value, like the first stage. */
const NONE = Symbol("none");

/** Runs a pipeline and sets its variables. Throws a Fault; `state.at` has the position. */
export function evalPipeline(state: State, dot: unknown, pipe: PipeNode): unknown {
  state.at = pipe;
  let value: unknown = NONE;
  for (const command of pipe.commands) {
    state.budget.spend();
    // a nil from one stage counts as a missing value in the next stage
    value = evalCommand(state, dot, command, value) ?? undefined;
  }
  for (const name of pipe.variables) {
    if (pipe.assigns) state.variables.assign(name, value);
    else state.variables.declare(name, value);
  }
  return value;
}

function evalCommand(state: State, dot: unknown, command: CommandNode, final: unknown): unknown {
  const { first } = command;
  const hasArgs = command.rest.length > 0 || final !== NONE;
  if (first.kind === "function") return evalCall(state, dot, first, command, final);
  state.at = first;
  if (first.kind === "field" || first.kind === "chain" || first.kind === "variable") {
    return evalFields(state, dot, first, hasArgs);
  }
  if (hasArgs) throw new Fault(`can't give argument to non-function ${textOf(state, first)}`);
  if (first.kind === "pipe") return evalPipeline(state, dot, first);
  return first.kind === "dot" ? dot : literalOf(first);
}

type Fields = Extract<Operand, { readonly names: readonly string[] }>;

function evalFields(state: State, dot: unknown, node: Fields, hasArgs: boolean): unknown {
  let value = baseOf(state, dot, node);
  if (hasArgs && node.names.length === 0) {
    throw new Fault(`can't give argument to non-function ${textOf(state, node)}`);
  }
  state.at = node;
  node.names.forEach((name, i) => {
    value = evalField(value, name, hasArgs && i === node.names.length - 1);
  });
  return value;
}

function baseOf(state: State, dot: unknown, node: Fields): unknown {
  if (node.kind === "field") return dot;
  if (node.kind === "variable") return state.variables.get(node.name);
  return evalOperand(state, dot, node.base);
}

function evalField(receiver: unknown, name: string, hasArgs: boolean): unknown {
  if (receiver === undefined) return undefined;
  if (receiver === null) throw new Fault(`nil pointer evaluating interface {}.${name}`);
  if (kindOf(receiver) !== "map") throw new Fault(`can't evaluate field ${name} in type ${typeName(receiver)}`);
  if (hasArgs) throw new Fault(`${name} is not a method but has arguments`);
  return lookup(receiver, name);
}

/** The value of an operand that is not a literal. */
function evalOperand(state: State, dot: unknown, node: Operand): unknown {
  switch (node.kind) {
    case "dot":
      return dot;
    case "field":
    case "variable":
    case "chain":
      return evalFields(state, dot, node, false);
    case "pipe":
      return evalPipeline(state, dot, node);
    case "function":
      return evalCall(state, dot, node, { first: node, rest: [], ...spanOf(node) }, NONE);
    default:
      return literalOf(node);
  }
}

function evalCall(state: State, dot: unknown, node: FunctionNode, command: CommandNode, final: unknown): unknown {
  state.at = node;
  const callable = state.functions.get(node.name);
  if (!callable) throw new Fault(`"${node.name}" is not a defined function`);
  const given = command.rest.length;
  checkCount(node.name, callable, given + (final === NONE ? 0 : 1), given);
  if (callable.stopsAt !== undefined) return evalUntil(state, dot, callable.stopsAt, command, final);
  const args = command.rest.map((arg, i) => evalArg(state, dot, arg, paramAt(callable, i)));
  if (final !== NONE) args.push(accept(final, paramAt(callable, given)));
  return runCall(state, node, command, callable, args);
}

function runCall(state: State, node: FunctionNode, command: CommandNode, callable: Callable, args: unknown[]): unknown {
  for (const arg of args) state.budget.spendOn(arg);
  try {
    const result = callable.run(args, command.rest[0] ? textOf(state, command.rest[0]) : "the piped value");
    if (typeof result === "string") state.budget.checkLength(result.length);
    state.budget.spendOn(result);
    return result;
  } catch (thrown) {
    state.at = command;
    throw new Fault(`error calling ${node.name}: ${reasonOf(thrown)}`, causeOf(thrown));
  }
}

/**
 * `and` and `or`: the first argument that decides, or else the last argument. Arguments after the deciding argument are
 * not evaluated.
 */
function evalUntil(state: State, dot: unknown, decides: boolean, command: CommandNode, final: unknown): unknown {
  let value: unknown;
  for (const arg of command.rest) {
    value = evalArg(state, dot, arg, "value");
    if (isTrue(value) === decides) return value;
  }
  return final === NONE ? value : final;
}

function evalArg(state: State, dot: unknown, node: Operand, param: Param): unknown {
  state.at = node;
  if (isLiteral(node)) return acceptLiteral(node, param, state.source);
  const value = evalOperand(state, dot, node);
  state.at = node;
  return accept(value, param);
}

function isLiteral(node: Operand): boolean {
  return node.kind === "string" || node.kind === "number" || node.kind === "bool" || node.kind === "nil";
}

function paramAt(callable: Callable, i: number): Param {
  return callable.params[i] ?? callable.rest ?? "any";
}

function causeOf(thrown: unknown): { cause?: unknown } {
  if (!(thrown instanceof Fault)) return { cause: thrown };
  return "cause" in thrown ? { cause: thrown.cause } : {};
}

function textOf(state: State, node: Span): string {
  return shortened(state.source.slice(node.start, node.end));
}

function spanOf(node: Span): Span {
  return { pos: node.pos, start: node.start, end: node.end };
}
