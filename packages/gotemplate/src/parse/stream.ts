import { Fault } from "../fault.ts";
import type { Token, TokenType } from "../lex/token.ts";
import { shortened } from "../text/characters.ts";

/** Reads tokens one by one, and can step back any number of tokens. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  /** The index of the token that `next` returns; set it to step back. */
  index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The next token, without consuming it. At the end it is always `eof`. */
  peek(): Token {
    return this.#tokens[Math.min(this.index, this.#tokens.length - 1)] ?? NOTHING;
  }

  /** Consumes the next token. */
  next(): Token {
    const token = this.peek();
    this.index++;
    return token;
  }

  /** The next non-space token; spaces before it are consumed. */
  peekSolid(): Token {
    while (this.peek().type === "space") this.index++;
    return this.peek();
  }

  /** Consumes the next non-space token. */
  nextSolid(): Token {
    this.peekSolid();
    return this.next();
  }

  /**
   * Consumes the next non-space token, which must have this type. Otherwise throws a Fault that names the `context`.
   */
  expect(type: TokenType, context: string): Token {
    const token = this.nextSolid();
    if (token.type !== type) throw unexpected(token, context);
    return token;
  }
}

const NOTHING: Token = { type: "eof", text: "", pos: 0, end: 0 };

/** The fault of a token at an invalid position. */
export function unexpected(token: Token, context: string): Fault {
  if (token.type === "eof") return new Fault("unexpected EOF", { offset: token.pos });
  const shown = token.type === "keyword" ? `<${token.text}>` : JSON.stringify(shortened(token.text));
  return new Fault(`unexpected ${shown} in ${context}`, { offset: token.pos });
}
