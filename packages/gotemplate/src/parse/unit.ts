import type { Token } from "../lex/token.ts";
import type { BranchNode, Statement } from "./nodes.ts";
import { parsePipeline } from "./pipeline.ts";
import type { Reading } from "./reading.ts";
import { Scope } from "./scope.ts";
import type { TokenStream } from "./stream.ts";

/**
 * An open control structure, whose `{{end}}` was not read yet. An `else if` belongs to the structure of its `if`: one
 * end closes both.
 */
export interface Open {
  readonly kind: BranchNode["kind"];
  /** The branch that an `{{else}}` would belong to. */
  node: BranchNode;
  /** The list that statements are added to. */
  list: Statement[];
  hasElse: boolean;
  /** Variables to keep when it closes. */
  readonly mark: number;
}

/** One template being parsed: its statements, open control structures and variables. */
export class Unit implements Reading {
  readonly name: string;
  readonly tokens: TokenStream;
  readonly scope = new Scope();
  readonly isFunction: (name: string) => boolean;
  readonly list: Statement[] = [];
  depth = 0;
  /** Ranges whose body is being read. */
  ranges = 0;
  readonly #open: Open[] = [];
  readonly #kind: string;

  constructor(name: string, kind: string, tokens: TokenStream, isFunction: (name: string) => boolean) {
    this.name = name;
    this.#kind = kind;
    this.tokens = tokens;
    this.isFunction = isFunction;
  }

  /** The position of the template, for messages; empty for the text itself. */
  get context(): string {
    return this.#kind === "template" ? "" : ` in ${this.#kind}`;
  }

  /** The control structure opened last. */
  get innermost(): Open | undefined {
    return this.#open.at(-1);
  }

  /** The list that statements are added to. */
  get current(): Statement[] {
    return this.innermost?.list ?? this.list;
  }

  /** Reads the pipeline of a control structure and opens it. */
  openBranch(kind: BranchNode["kind"]): void {
    const mark = this.scope.mark();
    const node = this.#branch(kind);
    this.#open.push({ kind, node, list: node.list, hasElse: false, mark });
    if (kind === "range") this.ranges++;
  }

  /**
   * Continues with the else branch of a control structure. `chained` is the `if` or `with` after the else; with it, the
   * branch is a control structure.
   */
  openElse(open: Open, chained: Token | undefined): void {
    if (open.kind === "range") this.ranges--;
    open.list = open.node.otherwise;
    open.hasElse = chained === undefined;
    if (chained) {
      open.node = this.#branch(open.kind);
      open.list = open.node.list;
    }
  }

  /** Closes the innermost control structure and removes its variables. */
  closeBranch(): void {
    const open = this.#open.pop();
    if (!open) return;
    if (open.kind === "range" && !open.hasElse) this.ranges--;
    this.scope.release(open.mark);
  }

  #branch(kind: BranchNode["kind"]): BranchNode {
    const node: BranchNode = { kind, pipe: parsePipeline(this, kind, "right"), list: [], otherwise: [] };
    this.current.push(node);
    return node;
  }
}
