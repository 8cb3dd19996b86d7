import { Fault } from "../fault.ts";
import { lex } from "../lex/lex.ts";
import type { Token } from "../lex/token.ts";
import { unquote } from "../text/unquote.ts";
import type { JumpNode, Statement } from "./nodes.ts";
import { parsePipeline } from "./pipeline.ts";
import { TokenStream, unexpected } from "./stream.ts";
import { TemplateSet } from "./template-set.ts";
import { Unit } from "./unit.ts";

/**
 * Reads a template and the templates defined in it. Open control structures are kept in a list rather than on the call
 * stack, so they can be nested to any depth. Throws a Fault with its offset.
 */
export function parseTemplates(source: string, name: string, isFunction: (name: string) => boolean): TemplateSet {
  const tokens = new TokenStream(lex(source, isFunction));
  const parser = new Parser(tokens, isFunction);
  for (let token = tokens.next(); token.type !== "eof"; token = tokens.next()) parser.take(token);
  return parser.finish(name);
}

class Parser {
  readonly #tokens: TokenStream;
  readonly #isFunction: (name: string) => boolean;
  readonly #set = new TemplateSet();
  /** Templates being read, the outermost first: the text itself, then a `define`, or `block`s in each other. */
  readonly #units: [Unit, ...Unit[]];

  constructor(tokens: TokenStream, isFunction: (name: string) => boolean) {
    this.#tokens = tokens;
    this.#isFunction = isFunction;
    this.#units = [new Unit("", "template", tokens, isFunction)];
  }

  /** Reads one text or action. */
  take(token: Token): void {
    if (token.type === "text") {
      this.#add({ kind: "text", text: token.text });
      return;
    }
    if (token.type !== "left") throw unexpected(token, "input");
    const word = this.#tokens.peekSolid();
    if (word.type === "keyword" && word.text !== "nil") this.#takeKeyword(this.#tokens.next());
    else this.#add({ kind: "action", pipe: parsePipeline(this.#unit, "command", "right") });
  }

  /** The templates read. */
  finish(name: string): TemplateSet {
    const unit = this.#unit;
    if (this.#units.length > 1 || unit.innermost)
      throw new Fault("unexpected EOF", { offset: this.#tokens.peek().pos });
    this.#set.add(name, unit.list);
    return this.#set;
  }

  get #unit(): Unit {
    return this.#units.at(-1) ?? this.#units[0];
  }

  #add(statement: Statement): void {
    this.#unit.current.push(statement);
  }

  #takeKeyword(word: Token): void {
    switch (word.text) {
      case "if":
      case "with":
      case "range":
        this.#unit.openBranch(word.text);
        break;
      case "else":
        this.#takeElse(word);
        break;
      case "end":
        this.#takeEnd(word);
        break;
      case "break":
      case "continue":
        this.#takeJump(word.text, word);
        break;
      case "template":
        this.#takeTemplate(word);
        break;
      case "define":
        this.#takeDefine(word);
        break;
      default:
        this.#takeBlock(word);
    }
  }

  #takeElse(word: Token): void {
    const next = this.#tokens.peekSolid();
    const open = this.#unit.innermost;
    if (!open) throw new Fault(`unexpected {{else}}${this.#unit.context}`, { offset: word.pos });
    if (open.hasElse) throw new Fault("expected end; found {{else}}", { offset: word.pos });
    const chained = next.type === "keyword" && (open.kind === "if" || open.kind === "with") && next.text === open.kind;
    if (!chained) this.#tokens.expect("right", "else");
    this.#unit.openElse(open, chained ? this.#tokens.next() : undefined);
  }

  #takeEnd(word: Token): void {
    this.#tokens.expect("right", "end");
    const unit = this.#unit;
    if (unit.innermost) unit.closeBranch();
    else if (this.#units.length === 1) throw new Fault("unexpected {{end}}", { offset: word.pos });
    else this.#closeUnit(unit, word);
  }

  #closeUnit(unit: Unit, word: Token): void {
    this.#units.pop();
    this.#set.add(unit.name, unit.list, word.pos);
  }

  #takeJump(kind: JumpNode["kind"], word: Token): void {
    this.#tokens.expect("right", `{{${kind}}}`);
    if (this.#unit.ranges === 0) throw new Fault(`{{${kind}}} outside {{range}}`, { offset: word.pos });
    this.#add({ kind });
  }

  #takeTemplate(word: Token): void {
    const { pos, end } = this.#tokens.peekSolid();
    const name = this.#takeName("template clause");
    const bare = this.#tokens.peekSolid().type === "right";
    const pipe = bare ? undefined : parsePipeline(this.#unit, "template clause", "right");
    if (bare) this.#tokens.next();
    this.#add({ kind: "template", name, pipe, pos, start: word.pos, end: pipe?.end ?? end });
  }

  #takeDefine(word: Token): void {
    if (this.#units.length > 1 || this.#unit.innermost) throw unexpected(word, "command");
    const name = this.#takeName("define clause");
    this.#tokens.expect("right", "define clause");
    this.#units.push(new Unit(name, "define clause", this.#tokens, this.#isFunction));
  }

  #takeBlock(word: Token): void {
    const { pos, end } = this.#tokens.peekSolid();
    const name = this.#takeName("block clause");
    const pipe = parsePipeline(this.#unit, "block clause", "right");
    this.#add({ kind: "template", name, pipe, pos, start: word.pos, end: pipe?.end ?? end });
    this.#units.push(new Unit(name, "block clause", this.#tokens, this.#isFunction));
  }

  #takeName(context: string): string {
    const token = this.#tokens.expect("string", context);
    try {
      return unquote(token.text);
    } catch (thrown) {
      throw thrown instanceof Fault ? new Fault(thrown.message, { offset: token.pos }) : thrown;
    }
  }
}
