import type { NumberValue } from "./number.ts";

/** The position of a node: `start` to `end` is its source, `pos` the position in errors. */
export interface Span {
  readonly pos: number;
  readonly start: number;
  readonly end: number;
}

/** `.Job.name`, or the names after a variable or parenthesis. */
export interface FieldNode extends Span {
  readonly kind: "field";
  readonly names: readonly string[];
}

/** `$x` or `$x.name`; `name` includes the dollar. */
export interface VariableNode extends Span {
  readonly kind: "variable";
  readonly name: string;
  readonly names: readonly string[];
}

/** `(pipeline).name`, or names after a function. */
export interface ChainNode extends Span {
  readonly kind: "chain";
  readonly base: Operand;
  readonly names: readonly string[];
}

/** The name of a function. */
export interface FunctionNode extends Span {
  readonly kind: "function";
  readonly name: string;
}

/** A number; `raw` is how it was written. */
export interface NumberNode extends Span {
  readonly kind: "number";
  readonly raw: string;
  readonly value: NumberValue;
}

/** A string or boolean literal. */
export interface LiteralNode extends Span {
  readonly kind: "string" | "bool";
  readonly value: string | boolean;
}

/** `.` or `nil`. */
export interface WordNode extends Span {
  readonly kind: "dot" | "nil";
}

/** Commands joined by `|`, and the variables that receive the result. */
export interface PipeNode extends Span {
  readonly kind: "pipe";
  readonly commands: readonly CommandNode[];
  readonly variables: readonly string[];
  /** Whether the variables already exist (`=`, not `:=`). */
  readonly assigns: boolean;
}

/** One stage of a pipeline: what to evaluate and its arguments. */
export interface CommandNode extends Span {
  readonly first: Operand;
  readonly rest: readonly Operand[];
}

/** Anything that can be an argument. */
export type Operand =
  | FieldNode
  | VariableNode
  | ChainNode
  | FunctionNode
  | NumberNode
  | LiteralNode
  | WordNode
  | PipeNode;

/** Text outside actions. */
export interface TextNode {
  readonly kind: "text";
  readonly text: string;
}

/** `{{pipeline}}`. */
export interface ActionNode {
  readonly kind: "action";
  readonly pipe: PipeNode;
}

/** `{{if}}`, `{{with}}` or `{{range}}`. `otherwise` is the part after `{{else}}`, empty if there is none. */
export interface BranchNode {
  readonly kind: "if" | "with" | "range";
  readonly pipe: PipeNode;
  readonly list: Statement[];
  readonly otherwise: Statement[];
}

/** `{{template "name" pipeline}}`, also used for a `{{block}}`. */
export interface TemplateNode extends Span {
  readonly kind: "template";
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}

/** `{{break}}` or `{{continue}}`. */
export interface JumpNode {
  readonly kind: "break" | "continue";
}

/** An element of a template. */
export type Statement = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode;

/** Whether a list of statements outputs nothing but white space, as Go decides when a template is redefined. */
export function isBlank(list: readonly Statement[]): boolean {
  return list.every((statement) => statement.kind === "text" && /^[\p{White_Space}]*$/u.test(statement.text));
}
