import { plural, type Style } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import type { PrintedLines } from "@maand/core/toolbox";
import { named } from "./wording.ts";

/** The number of lines of a step that are compared. The output of a step with more lines is always printed. */
const COMPARED = 200;
/** The number of characters of a step that are compared. */
const COMPARED_CHARACTERS = 64 * 1024;
/**
 * The maximum number of characters that all steps hold together, which limits memory on a large fleet. Beyond this
 * number, output is printed immediately.
 */
export const HELD_CHARACTERS = 1024 * 1024;

/** The output of the first worker for a step. The output of the same step on other workers is compared with it. */
interface Model {
  readonly speaker: string;
  readonly worker: string;
  readonly lines: string[];
  characters: number;
  isComparable: boolean;
  /** Workers with the same output, which was not printed. */
  same: string[];
}

/** A running step. */
interface Running {
  readonly model: Model;
  /** Whether this step is the first for its model. The lines of the first step are printed immediately. */
  readonly isFirst: boolean;
  /** Lines that are held because they are equal to the model so far; undefined after a line differs. */
  held: { text: string; line: string }[] | undefined;
  /** The number of characters that this step holds. */
  characters: number;
}

/** Prints output of a step that is equal on many workers, such as the traceback of a hook, only once. */
export class OutputFolds {
  readonly #style: Style;
  readonly #models = new Map<string, Model>();
  readonly #running = new Map<string, Running>();
  /**
   * Whether any lines were held since the last check. This makes the check cheap, because a fleet has thousands of
   * running steps, and every event causes a check.
   */
  #mayHold = false;
  /** The number of characters that all steps hold together. */
  #characters = 0;

  constructor(style: Style) {
    this.#style = style;
  }

  /** The lines to print for an event with these lines. */
  add(event: MaandEvent, lines: readonly string[]): readonly string[] {
    switch (event.type) {
      case "action.started":
        return this.#begin(`${event.action} ${event.job}`, event.job, event.worker, lines);
      case "command.started":
        return this.#begin(`${event.command} ${event.event} ${event.job}`, event.job, event.worker, lines);
      case "script.started":
        return this.#begin("script", undefined, event.worker, lines);
      case "output":
        return this.#output(unitOf(event.job, event.worker), `${event.stream} ${event.line}`, lines);
      default:
        return lines;
    }
  }

  /** Like `add`, for lines of output that arrived together; `lines` has one line for each of them. */
  addLines({ first, lines: printed }: PrintedLines, lines: readonly string[]): readonly string[] {
    const unit = unitOf(first.job, first.worker);
    const step = this.#running.get(unit);
    if (step === undefined || lines.length === 0) return lines;
    const texts = printed.slice(0, COMPARED + 1).map((line) => `${first.stream} ${line}`);
    if (step.isFirst) {
      for (const text of texts) this.#output(unit, text, []);
      return lines;
    }
    const shown: string[] = [];
    let at = 0;
    for (; at < texts.length && step.held !== undefined; at += 1)
      shown.push(...this.#output(unit, texts[at] ?? "", lines.slice(at, at + 1)));
    return at === 0 ? lines : [...shown, ...lines.slice(at)];
  }

  /** Ends a step; returns its held lines if its output differs from the model. */
  end(job: string | undefined, worker: string): readonly string[] {
    const unit = unitOf(job, worker);
    const step = this.#running.get(unit);
    this.#running.delete(unit);
    if (step?.held === undefined || step.held.length === 0) return [];
    const { model, held } = step;
    this.#characters -= step.characters;
    const isSame = held.length === model.lines.length && held.every(({ text }, at) => text === model.lines[at]);
    if (!isSame || !model.isComparable) return held.map(({ line }) => line);
    model.same.push(worker);
    this.#mayHold = true;
    return [];
  }

  /**
   * Returns the held lines of steps that are still running. They are printed after a moment, so that a slow step can be
   * followed.
   */
  release(): string[] {
    return [...this.#running.values()].flatMap((step) => this.#release(step));
  }

  /** Returns a line for each output that was the same on other workers. */
  flush(): string[] {
    return [...this.#models.values()].flatMap((model) => {
      const { same, speaker, worker, lines } = model;
      if (same.length === 0) return [];
      model.same = [];
      const head = speaker === "" ? "|" : `${speaker} |`;
      return [this.#style.faint(`${head} the same ${plural(lines.length, "line")} as on ${worker}: ${named(same)}`)];
    });
  }

  isHolding(): boolean {
    this.#mayHold &&=
      [...this.#models.values()].some(({ same }) => same.length > 0) ||
      [...this.#running.values()].some(({ held }) => held !== undefined && held.length > 0);
    return this.#mayHold;
  }

  #begin(key: string, job: string | undefined, worker: string, lines: readonly string[]): readonly string[] {
    const known = this.#models.get(key);
    const model: Model = known ?? {
      speaker: job ?? "",
      worker,
      lines: [],
      characters: 0,
      isComparable: true,
      same: [],
    };
    this.#models.set(key, model);
    this.#running.set(unitOf(job, worker), {
      model,
      isFirst: known === undefined,
      held: known ? [] : undefined,
      characters: 0,
    });
    return lines;
  }

  #output(unit: string, text: string, lines: readonly string[]): readonly string[] {
    const step = this.#running.get(unit);
    if (step === undefined) return lines;
    const { model, held } = step;
    if (step.isFirst) {
      model.characters += text.length;
      if (model.lines.length < COMPARED && model.characters <= COMPARED_CHARACTERS) model.lines.push(text);
      else model.isComparable = false;
      return lines;
    }
    if (held === undefined) return lines;
    const expected = model.lines[held.length];
    held.push(...lines.map((line) => ({ text, line })));
    const characters = lines.reduce((sum, line) => sum + text.length + line.length, 0);
    step.characters += characters;
    this.#characters += characters;
    this.#mayHold = true;
    const mayBeSame = model.isComparable && (expected === undefined || expected === text);
    return mayBeSame && this.#characters <= HELD_CHARACTERS ? [] : this.#release(step);
  }

  #release(step: Running): string[] {
    const lines = (step.held ?? []).map(({ line }) => line);
    this.#characters -= step.characters;
    step.characters = 0;
    step.held = undefined;
    return lines;
  }
}

function unitOf(job: string | null | undefined, worker: string | null | undefined): string {
  return `${job ?? ""}@${worker ?? ""}`;
}
