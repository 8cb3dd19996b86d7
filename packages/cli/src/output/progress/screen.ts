import type { ProcessContext } from "@maand/command";
import { type OtherWrites, otherWrites, type TerminalStream } from "./other-writes.ts";
import { widthOf } from "./text-width.ts";

/** The minimum time between frames. People cannot read more than ten frames per second. */
const FRAME_MS = 100;
/** The time between frames while nothing happens. These frames update the times. */
const IDLE_MS = 1000;

const HIDE = "\u001b[?25l";
const SHOW = "\u001b[?25h";
/** A terminal that supports these codes shows a write in one step. */
const BEGIN = "\u001b[?2026h";
const END = "\u001b[?2026l";
const ERASE_LINE = "\u001b[K";

/** The parts of the process that a screen needs. */
export type ScreenPlace = Pick<ProcessContext, "stderr" | "stdout" | "onTerminalEvent">;

/** Rows at the end of a terminal that are redrawn continuously, below everything else that is printed. */
export class Screen {
  readonly #terminal: ScreenPlace["stderr"];
  readonly #frame: () => readonly string[];
  readonly #others: OtherWrites;
  readonly #stopLeaving: (() => void) | undefined;
  #state: "new" | "shown" | "suspended" | "ended" = "new";
  #rows: readonly string[] = [];
  #columns = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;
  #drawnAt = performance.now();
  readonly #onResize = (): void => this.#drawAgain();

  /** Shows the rows of `frame` on the terminal of stderr until `end` is called or the process ends. */
  constructor({ stderr, stdout, onTerminalEvent }: ScreenPlace, frame: () => readonly string[]) {
    this.#terminal = stderr;
    this.#frame = frame;
    this.#others = otherWrites([stderr, stdout], isTerminal, {
      before: () => this.#erase(),
      after: () => this.#drawAgain(),
    });
    this.#stopLeaving = onTerminalEvent?.((moment) => {
      if (moment === "exit") this.end();
      else if (moment === "suspend") this.#suspend();
      else this.#resume();
    });
    stderr.on("resize", this.#onResize);
  }

  /** Draws soon, within the limit of frames. */
  changed(): void {
    if (this.#state === "ended" || this.#isDue) return;
    this.#isDue = true;
    this.#schedule(Math.max(0, this.#drawnAt + FRAME_MS - performance.now()));
  }

  /** Prints permanent lines above the rows. */
  print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#state === "shown" && !this.#others.isHeld()) this.#draw(lines);
    else this.#write(textOf(lines));
  }

  /** Erases the rows, prints lines in their place, and restores the terminal. Safe to call twice. */
  end(lines: readonly string[] = []): void {
    if (this.#state === "ended") return;
    const isShown = this.#state === "shown";
    const room = this.#erase();
    this.#state = "ended";
    clearTimeout(this.#timer);
    this.#terminal.off("resize", this.#onResize);
    this.#stopLeaving?.();
    if (isShown) this.#write(`${BEGIN}${room}${textOf(lines)}${SHOW}${END}`);
    else if (lines.length > 0) this.#write(textOf(lines));
    this.#others.end();
  }

  #draw(above: readonly string[] = []): void {
    if (this.#state === "ended" || this.#state === "suspended" || this.#others.isHeld()) return;
    this.#schedule(IDLE_MS);
    this.#isDue = false;
    this.#drawnAt = performance.now();
    const rows = this.#frame();
    const columns = columnsOf(this.#terminal);
    const isOver = above.length === 0 && columns === this.#columns; // the old rows are still in place
    if (isOver && this.#state === "shown" && same(rows, this.#rows)) return;
    const hide = this.#state === "shown" ? "" : HIDE;
    const text = isOver ? patched(this.#rows, rows) : `${this.#erase()}${textOf([...above, ...rows])}`;
    this.#state = "shown";
    this.#rows = rows;
    this.#columns = columns;
    this.#write(`${BEGIN}${hide}${text}${END}`);
  }

  /** Draws the rows again after they made room for other writes; before the first frame there is nothing to draw. */
  #drawAgain(): void {
    if (this.#state === "shown") this.#draw();
  }

  /** The text that erases the rows; afterwards, no row is drawn. */
  #erase(): string {
    const text = this.#state === "shown" ? erased(this.#rows, columnsOf(this.#terminal)) : "";
    this.#rows = [];
    return text;
  }

  #suspend(): void {
    if (this.#state !== "shown") return;
    this.#write(`${this.#erase()}${SHOW}`);
    this.#state = "suspended";
  }

  #resume(): void {
    if (this.#state !== "suspended") return;
    this.#state = "new";
    this.#draw();
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#draw(), ms);
    this.#timer.unref();
  }

  #write(text: string): void {
    this.#others.write(this.#terminal, text);
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function isTerminal(stream: TerminalStream): boolean {
  return stream.isTTY === true;
}

/** The width for which rows are drawn. A terminal without a width, as in some test tools, counts as 80 columns wide. */
export function columnsOf({ columns }: TerminalStream): number {
  return columns === undefined || columns <= 0 ? 80 : columns;
}

/**
 * Erases all rows, and stays at the first row. On a terminal that became narrower, a wrapped row takes several lines.
 */
function erased(rows: readonly string[], columns: number): string {
  if (rows.length === 0) return "";
  const height = rows.reduce((sum, text) => sum + Math.max(1, Math.ceil(widthOf(text) / columns)), 0);
  return `${up(height)}${blank(height)}`;
}

/** Erases rows one by one: tmux would move a completely erased screen to its scrollback. */
function blank(height: number): string {
  return height === 0 ? "" : `${`${ERASE_LINE}\n`.repeat(height)}${up(height)}`;
}

function up(height: number): string {
  return `\u001b[${height}A\r`;
}

/** Writes only the rows that changed, over the earlier rows. */
function patched(before: readonly string[], rows: readonly string[]): string {
  const text = rows.map((line, at) => (line === before[at] ? "\n" : `${line}${ERASE_LINE}\n`)).join("");
  return `${before.length === 0 ? "" : up(before.length)}${text}${blank(Math.max(0, before.length - rows.length))}`;
}

function same(rows: readonly string[], before: readonly string[]): boolean {
  return rows.length === before.length && rows.every((line, at) => line === before[at]);
}
