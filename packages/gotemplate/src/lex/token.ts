/** Words that are separate tokens. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "nil",
  "range",
  "template",
  "with",
]);

/** The type of a token. A keyword's type is the keyword itself; `left` and `right` are the delimiters. */
export type TokenType =
  | "text"
  | "left"
  | "right"
  | "space"
  | "identifier"
  | "keyword"
  | "field"
  | "variable"
  | "bool"
  | "dot"
  | "number"
  | "complex"
  | "character"
  | "string"
  | "pipe"
  | "assign"
  | "declare"
  | "open"
  | "close"
  | "other"
  | "eof";

/** A piece of the template: its type, its text and its position in the source. */
export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly pos: number;
  readonly end: number;
}
