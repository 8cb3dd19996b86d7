import { Fault } from "../fault.ts";
import { printAction } from "../format/print.ts";
import type { ActionNode, BranchNode, Span, Statement, TemplateNode } from "../parse/nodes.ts";
import { isTrue } from "../value/truth.ts";
import { kindOf } from "../value/value.ts";
import { evalPipeline } from "./evaluate.ts";
import type { Callable } from "./functions.ts";
import { Budget } from "./limits.ts";
import { type Rounds, roundsOf } from "./loop.ts";
import type { Program } from "./program.ts";
import type { State } from "./state.ts";
import { Variables } from "./variables.ts";

/**
 * A list of statements being executed. Frames are kept in a list rather than on the call stack, because templates may
 * recurse deeply.
 */
interface Frame {
  readonly list: readonly Statement[];
  next: number;
  dot: unknown;
  /** The variables to keep at its end. */
  readonly mark: number;
  readonly loop?: Loop;
  readonly caller?: { readonly variables: Variables; readonly template: string };
}

interface Loop {
  readonly node: BranchNode;
  readonly rounds: Rounds;
  round: number;
  /** The variables to keep between iterations. */
  readonly mark: number;
}

/** One execution of a template. */
export class Walk implements State {
  readonly source: string;
  readonly budget: Budget;
  readonly functions: ReadonlyMap<string, Callable>;
  variables = new Variables(undefined);
  at: Span = { pos: 0, start: 0, end: 0 };
  /** The template being executed. */
  template: string;
  readonly #program: Program;
  readonly #frames: Frame[] = [];
  readonly #output: string[] = [];
  #length = 0;
  #depth = 0;

  constructor(program: Program) {
    this.#program = program;
    this.source = program.source;
    this.functions = program.functions;
    this.budget = new Budget(program.limits);
    this.template = program.name;
  }

  /** Executes a list of statements and returns what they output. Throws a Fault; `at` has the position. */
  run(list: readonly Statement[], data: unknown): string {
    const dot = data ?? undefined;
    this.variables = new Variables(dot);
    this.#enter({ list, next: 0, dot, mark: this.variables.mark() });
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      const statement = frame.list[frame.next++];
      if (statement) this.#step(statement, frame.dot);
      else this.#leave(frame);
    }
    return this.#output.join("");
  }

  #enter(frame: Frame): void {
    this.#frames.push(frame);
  }

  /** Ends a list: starts the next iteration of its loop, or returns to the enclosing list. */
  #leave(frame: Frame): void {
    if (frame.loop && frame.loop.round < frame.loop.rounds.length) {
      this.#nextRound(frame, frame.loop);
      return;
    }
    this.#frames.pop();
    this.variables.release(frame.mark);
    if (!frame.caller) return;
    this.#depth--;
    this.variables = frame.caller.variables;
    this.template = frame.caller.template;
  }

  #nextRound(frame: Frame, loop: Loop): void {
    this.budget.spend();
    this.variables.release(loop.mark);
    const [index, element] = loop.rounds.at(loop.round++);
    this.#setLoopVariables(loop.node, index, element);
    frame.dot = element;
    frame.next = 0;
  }

  #setLoopVariables(node: BranchNode, index: unknown, element: unknown): void {
    const { variables, assigns } = node.pipe;
    const values = variables.length > 1 ? [index, element] : [element];
    variables.forEach((name, i) => {
      if (assigns) this.variables.assign(name, values[i]);
      else this.variables.assignRecent(variables.length - i, values[i]);
    });
  }

  #step(statement: Statement, dot: unknown): void {
    this.budget.spend();
    switch (statement.kind) {
      case "text":
        this.#write(statement.text);
        break;
      case "action":
        this.#act(statement, dot);
        break;
      case "range":
        this.#range(statement, dot);
        break;
      case "template":
        this.#call(statement, dot);
        break;
      case "break":
      case "continue":
        this.#jump(statement.kind);
        break;
      default:
        this.#branch(statement, dot);
    }
  }

  #write(text: string): void {
    this.#length += text.length;
    this.budget.checkLength(this.#length);
    this.#output.push(text);
  }

  #act(node: ActionNode, dot: unknown): void {
    const value = evalPipeline(this, dot, node.pipe);
    if (node.pipe.variables.length > 0) return;
    this.at = node.pipe;
    if (kindOf(value) === "func") throw new Fault("can't print a function");
    const text = printAction(value, this.budget.limits.output);
    this.budget.spendOn(text);
    this.#write(text);
  }

  #branch(node: BranchNode, dot: unknown): void {
    const mark = this.variables.mark();
    const value = evalPipeline(this, dot, node.pipe);
    const truth = isTrue(value);
    const inner = truth && node.kind === "with" ? value : dot;
    this.#enter({ list: truth ? node.list : node.otherwise, next: 0, dot: inner, mark });
  }

  #range(node: BranchNode, dot: unknown): void {
    const mark = this.variables.mark();
    const rounds = roundsOf(evalPipeline(this, dot, node.pipe));
    if (rounds.length === 0) {
      this.#enter({ list: node.otherwise, next: 0, dot, mark });
      return;
    }
    this.budget.spend(rounds.length / 8);
    const loop = { node, rounds, round: 0, mark: this.variables.mark() };
    // The frame starts at its end, so that leaving it starts the first iteration.
    this.#enter({ list: node.list, next: node.list.length, dot, mark, loop });
  }

  #call(node: TemplateNode, dot: unknown): void {
    this.at = node;
    const list = this.#program.set.get(node.name);
    if (!list) throw new Fault(`template "${node.name}" not defined`);
    const { depth } = this.budget.limits;
    if (this.#depth++ >= depth) throw new Fault(`exceeded maximum template depth (${depth})`);
    const data = node.pipe && evalPipeline(this, dot, node.pipe);
    const caller = { variables: this.variables, template: this.template };
    this.variables = new Variables(data);
    this.template = node.name;
    this.#enter({ list, next: 0, dot: data, mark: this.variables.mark(), caller });
  }

  #jump(kind: "break" | "continue"): void {
    while (!this.#frames.at(-1)?.loop) this.#frames.pop();
    const frame = this.#frames.at(-1);
    if (!frame?.loop) return;
    if (kind === "break") frame.loop.round = frame.loop.rounds.length;
    frame.next = frame.list.length;
  }
}
