import { Fault } from "../fault.ts";
import type { Token } from "../lex/token.ts";
import { unquote } from "../text/unquote.ts";
import type { Operand, PipeNode } from "./nodes.ts";
import { type NumberValue, parseCharacter, parseComplex, parseNumber } from "./number.ts";
import type { Reading } from "./reading.ts";

/** Maximum nesting of parentheses. */
export const MAX_PARENTHESES = 400;

type ParsePipeline = (reading: Reading, context: string, end: "close") => PipeNode;

/** Reads a term and the fields after it; undefined if there is none here. Throws a Fault with its offset. */
export function parseOperand(reading: Reading, parsePipeline: ParsePipeline): Operand | undefined {
  const term = parseTerm(reading, parsePipeline);
  const first = reading.tokens.peek();
  if (!term || first.type !== "field") return term;
  const names: string[] = [];
  let end = first.end;
  while (reading.tokens.peek().type === "field") {
    const field = reading.tokens.next();
    names.push(field.text.slice(1));
    end = field.end;
  }
  return extend(term, names, { pos: first.pos, start: term.start, end });
}

interface Place {
  readonly pos: number;
  readonly start: number;
  readonly end: number;
}

function extend(term: Operand, names: readonly string[], place: Place): Operand {
  switch (term.kind) {
    case "field":
    case "variable":
      return { ...term, ...place, names: [...term.names, ...names] };
    case "chain":
    case "function":
    case "pipe":
      return { kind: "chain", base: term, names, ...place };
    default:
      throw new Fault(`unexpected . after term of kind ${term.kind}`, { offset: place.pos });
  }
}

function parseTerm(reading: Reading, parsePipeline: ParsePipeline): Operand | undefined {
  const token = reading.tokens.peekSolid();
  if (token.type === "open") return parseParenthesis(reading, parsePipeline);
  const operand = termOf(token, reading);
  if (operand) reading.tokens.next();
  return operand;
}

function parseParenthesis(reading: Reading, parsePipeline: ParsePipeline): PipeNode {
  const open = reading.tokens.next();
  if (++reading.depth > MAX_PARENTHESES) throw new Fault("parentheses nested too deeply", { offset: open.pos });
  const pipe = parsePipeline(reading, "parenthesized pipeline", "close");
  reading.depth--;
  return { ...pipe, start: open.pos };
}

function termOf(token: Token, reading: Reading): Operand | undefined {
  const place = { pos: token.pos, start: token.pos, end: token.end };
  switch (token.type) {
    case "identifier":
      if (!reading.isFunction(token.text))
        throw new Fault(`function "${token.text}" not defined`, { offset: token.pos });
      return { kind: "function", name: token.text, ...place };
    case "dot":
      return { kind: "dot", ...place };
    case "keyword":
      return token.text === "nil" ? { kind: "nil", ...place } : undefined;
    case "variable":
      if (!reading.scope.has(token.text)) throw new Fault(`undefined variable "${token.text}"`, { offset: token.pos });
      return { kind: "variable", name: token.text, names: [], ...place };
    case "field":
      return { kind: "field", names: [token.text.slice(1)], ...place };
    case "bool":
      return { kind: "bool", value: token.text === "true", ...place };
    case "string":
      return { kind: "string", value: located(token, unquote), ...place };
    case "number":
      return numberNode(token, parseNumber);
    case "complex":
      return numberNode(token, parseComplex);
    case "character":
      return numberNode(token, parseCharacter);
    default:
      return undefined;
  }
}

function numberNode(token: Token, parse: (text: string) => NumberValue): Operand {
  const value = located(token, parse);
  return { kind: "number", raw: token.text, value, pos: token.pos, start: token.pos, end: token.end };
}

function located<T>(token: Token, parse: (text: string) => T): T {
  try {
    return parse(token.text);
  } catch (thrown) {
    throw thrown instanceof Fault ? new Fault(thrown.message, { offset: token.pos }) : thrown;
  }
}
