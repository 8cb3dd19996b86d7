import { LINE_CUT } from "./lines.ts";
import { HIDDEN } from "./secret.ts";

/** Shorter values would also mask words and numbers that are not secret. */
const SHORTEST = 4;
/** The same, for one line of a secret with several lines. */
const SHORTEST_LINE = 8;
/** Lines of key files are matched as words; there may be thousands of them. */
const LONG_WORD = 24;
/** The fields of a record that contain text. */
const SPOKEN = new Set([
  "line",
  "message",
  "hint",
  "reason",
  "target",
  "output",
  "stdout",
  "stderr",
  "warnings",
  "script",
]);

/**
 * Knows every secret that was read or written, and masks it in lines, messages and output. A secret with several lines is
 * masked line by line, because output arrives by line.
 */
export class Mask {
  readonly #known = new Set<string>();
  readonly #words = new Set<string>();
  readonly #phrases = new Set<string>();
  #pattern: RegExp | undefined;

  add(secret: string): void {
    if (this.#known.has(secret)) return;
    this.#known.add(secret);
    const lines = secret.trim().split(/\s*\n\s*/);
    const shortest = lines.length === 1 ? SHORTEST : SHORTEST_LINE;
    for (const line of lines) {
      if (line.length < shortest || /^-----(BEGIN|END) [A-Z ]+-----$/.test(line)) continue;
      if (line.length >= LONG_WORD && lines.length > 1 && !/[\s"'\\,]/.test(line)) this.#words.add(line);
      else this.#phrases.add(line);
      const escaped = JSON.stringify(line).slice(1, -1);
      if (escaped !== line) this.#phrases.add(escaped);
    }
    this.#pattern = undefined;
  }

  /** The text with secrets masked. */
  text(text: string): string {
    if (this.#known.size === 0) return text;
    const bare =
      this.#words.size === 0 ? text : text.replace(/(\\[nrt]?)?([^\s"'\\,]+)/g, (...at) => this.#word(...at));
    const hidden = this.#phrases.size === 0 ? bare : bare.replace(this.#phrase(), HIDDEN);
    return hidden.endsWith(LINE_CUT) ? this.#cut(hidden.slice(0, -LINE_CUT.length)) : hidden;
  }

  /** A word, which in JSON may follow the escape of a line end. */
  #word(whole: string, before = "", word = ""): string {
    if (this.#words.has(word)) return before + HIDDEN;
    return this.#words.has(before.slice(1) + word) ? `\\${HIDDEN}` : whole;
  }

  /** A cut line may end in the middle of a secret. */
  #cut(line: string): string {
    let begun = 0;
    for (const secrets of [this.#words, this.#phrases])
      for (const secret of secrets) begun = Math.max(begun, begunAtEnd(line, secret));
    return `${begun === 0 ? line : line.slice(0, -begun) + HIDDEN}${LINE_CUT}`;
  }

  /** A record, such as an event, with secrets masked in its texts; names and outcomes stay unchanged. */
  conceal<T extends object>(record: T): T;
  conceal(record: object): object {
    return this.#known.size === 0 ? record : this.#copy(record, false);
  }

  #copy<T>(value: T, errorText: boolean): T;
  #copy(value: unknown, errorText: boolean): unknown {
    if (typeof value === "string") return errorText ? this.text(value) : value;
    if (Array.isArray(value)) return value.map((item: unknown) => this.#copy(item, errorText));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      this.#copy(item, errorText || SPOKEN.has(key)),
    ]);
    return Object.fromEntries(entries);
  }

  #phrase(): RegExp {
    if (this.#pattern) return this.#pattern;
    // longest first, so that a secret that begins like another one is masked completely
    const longest = [...this.#phrases].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longest.map((phrase) => phrase.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "g");
    return this.#pattern;
  }
}

/** The length of the beginning of a secret at the end of a line; 0 if it is too short to matter. */
function begunAtEnd(line: string, secret: string): number {
  const end = line.slice(-(secret.length - 1));
  const beginning = secret.slice(0, SHORTEST);
  for (let at = end.indexOf(beginning); at !== -1; at = end.indexOf(beginning, at + 1))
    if (secret.startsWith(end.slice(at))) return end.length - at;
  return 0;
}
