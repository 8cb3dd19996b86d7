import { Fault } from "../fault.ts";
import type { TokenType } from "../lex/token.ts";
import type { CommandNode, Operand, PipeNode } from "./nodes.ts";
import { parseOperand } from "./operand.ts";
import type { Reading } from "./reading.ts";
import { unexpected } from "./stream.ts";

const OPERAND_STARTS: ReadonlySet<TokenType> = new Set([
  "bool",
  "character",
  "complex",
  "dot",
  "field",
  "identifier",
  "number",
  "string",
  "variable",
  "open",
]);

const NOT_EXECUTABLE: ReadonlySet<string> = new Set(["bool", "dot", "nil", "number", "string"]);

/**
 * Reads a pipeline and the token that ends it. `context` is its name in errors, and decides what it may declare: only
 * `range` may have two variables. Throws a Fault with its offset.
 */
export function parsePipeline(reading: Reading, context: string, end: "right" | "close"): PipeNode {
  const start = reading.tokens.peekSolid().pos;
  const { variables, assigns } = parseDeclarations(reading, context);
  const commands: CommandNode[] = [];
  while (reading.tokens.peekSolid().type !== end) commands.push(parseCommand(reading, context));
  const last = reading.tokens.next();
  if (commands.length === 0) throw new Fault(`missing value for ${context}`, { offset: start });
  rejectConstantStages(commands);
  return { kind: "pipe", commands, variables, assigns, pos: start, start, end: end === "close" ? last.end : last.pos };
}

interface Declarations {
  readonly variables: readonly string[];
  readonly assigns: boolean;
}

/** Consumes `$x :=`, `$x =` or `$i, $x :=` if it is next; otherwise consumes at most a first `$i,`. */
function parseDeclarations(reading: Reading, context: string): Declarations {
  const { tokens, scope } = reading;
  const variables: string[] = [];
  for (;;) {
    const mark = tokens.index;
    const variable = tokens.nextSolid();
    const mode = tokens.nextSolid();
    const assigned = mode.type === "assign" || mode.type === "declare";
    if (variable.type !== "variable" || !(assigned || mode.text === ",")) {
      tokens.index = mark;
      return { variables, assigns: false };
    }
    variables.push(variable.text);
    scope.declare(variable.text);
    if (assigned) return { variables, assigns: mode.type === "assign" };
    checkSecondVariable(reading, context, variables.length);
  }
}

function checkSecondVariable(reading: Reading, context: string, count: number): void {
  const next = reading.tokens.peekSolid();
  if (context !== "range" || count > 1) throw new Fault(`too many declarations in ${context}`, { offset: next.pos });
  if (next.type !== "variable" && next.type !== "right" && next.type !== "close") {
    throw new Fault("range can only initialize variables", { offset: next.pos });
  }
}

function parseCommand(reading: Reading, context: string): CommandNode {
  const { tokens } = reading;
  const start = tokens.peekSolid();
  const isNil = start.type === "keyword" && start.text === "nil";
  if (!isNil && !OPERAND_STARTS.has(start.type)) throw unexpected(start, context);
  const operands: Operand[] = [];
  for (;;) {
    tokens.peekSolid();
    const operand = parseOperand(reading, parsePipeline);
    if (operand) operands.push(operand);
    const after = tokens.next();
    if (after.type === "space") continue;
    if (after.type === "right" || after.type === "close") tokens.index--;
    else if (after.type !== "pipe") throw unexpected(after, "operand");
    break;
  }
  const [first, ...rest] = operands;
  if (!first) throw new Fault("empty command", { offset: start.pos });
  return { first, rest, pos: start.pos, start: start.pos, end: operands.at(-1)?.end ?? start.end };
}

function rejectConstantStages(commands: readonly CommandNode[]): void {
  commands.forEach((command, stage) => {
    if (stage === 0 || !NOT_EXECUTABLE.has(command.first.kind)) return;
    const reason = `non executable command in pipeline stage ${stage + 1}`;
    throw new Fault(reason, { offset: command.pos });
  });
}
