import { Writable } from "node:stream";
import { widthOf } from "./text-width.ts";

const ESCAPE = String.fromCharCode(27);
/** A control sequence, or one character. */
const SIGN = new RegExp(`${ESCAPE}\\[[?0-9;]*[A-Za-z]|[\\s\\S]`, "gu");
const ORDER = new RegExp(`^${ESCAPE}\\[(\\?*[0-9;]*)([A-Za-z])$`);

/** A line on the screen; a line that was too long continues in the next line. */
interface ScreenLine {
  text: string;
  goesOn: boolean;
}

/**
 * A small terminal: the text that is written to it, and the text that it shows. Like most terminals, it rewraps long
 * lines when its width changes.
 */
export class Terminal extends Writable {
  readonly isTTY = true;
  /** Each write, in order. */
  readonly writes: string[] = [];
  columns: number;
  rows: number;
  isCursorShown = true;
  #lines: ScreenLine[] = [{ text: "", goesOn: false }];
  #at = { line: 0, column: 0 };

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  override _write(chunk: string | Buffer, _: BufferEncoding, done: () => void): void {
    this.writes.push(String(chunk));
    for (const [sign] of String(chunk).matchAll(SIGN)) this.#take(sign);
    done();
  }

  /** The lines of the screen and of its scrollback, without empty lines at the end. */
  get text(): string {
    return this.#lines
      .map(({ text }) => text.trimEnd())
      .join("\n")
      .trimEnd();
  }

  /** Changes its size, and notifies the listeners. */
  resize(columns: number, rows: number): void {
    const cursor = this.#lines.slice(0, this.#at.line).filter(({ goesOn }) => !goesOn).length;
    const whole: string[] = [];
    for (const [at, { text }] of this.#lines.entries())
      if (this.#lines[at - 1]?.goesOn) whole.push(`${whole.pop()}${text}`);
      else whole.push(text);
    while (whole.length > cursor + 1 && whole.at(-1) === "") whole.pop(); // empty lines below the cursor go first
    Object.assign(this, { columns, rows });
    this.#lines = whole.flatMap((text) => this.#broken(text));
    let paragraphs = -1;
    const line = this.#lines.findIndex((_, at) => {
      if (!this.#lines[at - 1]?.goesOn) paragraphs += 1;
      return paragraphs === cursor;
    });
    this.#at = { line: line === -1 ? this.#lines.length - 1 : line, column: 0 };
    this.emit("resize");
  }

  #broken(text: string): ScreenLine[] {
    const lines: ScreenLine[] = [{ text: "", goesOn: false }];
    for (const sign of text) {
      const last = lines.at(-1);
      if (last && widthOf(last.text + sign) > this.columns) {
        last.goesOn = true;
        lines.push({ text: sign, goesOn: false });
      } else if (last) last.text += sign;
    }
    return lines;
  }

  #take(sign: string): void {
    const [, count, order] = ORDER.exec(sign) ?? [];
    if (order === undefined) this.#put(sign);
    else if (order === "A") this.#at.line = Math.max(this.#top, this.#at.line - Number(count || 1));
    else if (order === "K")
      Object.assign(this.#here, { text: this.#here.text.slice(0, this.#at.column), goesOn: false });
    else if (order === "h" || order === "l") {
      if (count === "?25") this.isCursorShown = order === "h";
    } else if (order !== "m") throw new Error(`unknown control sequence ${JSON.stringify(sign)}`);
  }

  #put(sign: string): void {
    if (sign === "\r") this.#at.column = 0;
    else if (sign === "\n") {
      this.#at = { line: this.#at.line + 1, column: 0 };
      if (this.#lines[this.#at.line] === undefined) this.#lines.push({ text: "", goesOn: false });
    } else {
      const here = this.#here;
      if (widthOf(here.text.slice(0, this.#at.column) + sign) > this.columns) {
        here.goesOn = true;
        this.#put("\n");
        this.#put(sign);
        return;
      }
      here.text = here.text.slice(0, this.#at.column) + sign + here.text.slice(this.#at.column + 1);
      this.#at.column += sign.length;
    }
  }

  get #here(): ScreenLine {
    const line = this.#lines[this.#at.line];
    if (line === undefined) throw new Error("the cursor is not on a line");
    return line;
  }

  /** The first line that is not in the scrollback. */
  get #top(): number {
    return Math.max(0, this.#lines.length - this.rows);
  }
}
