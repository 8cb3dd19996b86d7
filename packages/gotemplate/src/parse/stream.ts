import { Fault } from "../fault.ts";
import type { Token, TokenType } from "../lex/token.ts";
import { shortened } from "../text/characters.ts";

/** Reads tokens one by one, with any number of steps back. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  /** Number of the token `next` will give; set it to step back. */
  index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The next token, without taking it. At the end it is `eof` for ever. */
  peek(): Token {
    return this.#tokens[Math.min(this.index, this.#tokens.length - 1)] ?? NOTHING;
  }

  /** Takes the next token. */
  next(): Token {
    const token = this.peek();
    this.index++;
    return token;
  }

  /** The next token that is no space; spaces before it are taken. */
  peekSolid(): Token {
    while (this.peek().type === "space") this.index++;
    return this.peek();
  }

  /** Takes the next token that is no space. */
  nextSolid(): Token {
    this.peekSolid();
    return this.next();
  }

  /** Takes the next solid token, which must be of a type. Throws a Fault naming the `context` otherwise. */
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
