import type { Token, TokenType } from "./token.ts";

/** A position in the source, and the tokens so far. */
export class Cursor {
  readonly source: string;
  readonly tokens: Token[] = [];
  pos = 0;
  /** Open parentheses of the current action. */
  depth = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** Adds the token from here to `end`, and moves to `end`. */
  emit(type: TokenType, end: number): void {
    this.tokens.push({ type, text: this.source.slice(this.pos, end), pos: this.pos, end });
    this.pos = end;
  }

  /** The character at a position; "" at the end. */
  characterAt(pos: number): string {
    const point = this.source.codePointAt(pos);
    return point === undefined ? "" : String.fromCodePoint(point);
  }

  /** Whether the source has this text at a position. */
  has(text: string, pos: number): boolean {
    return this.source.startsWith(text, pos);
  }
}
