import { LINE_CUT } from "./lines.ts";
import { HIDDEN } from "./secret.ts";
import { spellings, wholeSpellings } from "./secret-spellings.ts";

/** The minimum length of a masked secret. Shorter values would also mask words and numbers that are not secret. */
const SHORTEST = 4;
/** The minimum length of a line to be masked in a multi-line secret. */
const SHORTEST_LINE = 8;
/** Lines of key files are matched as words, because a key file can have thousands of lines. */
const LONG_WORD = 24;
/** Matches a secret that consists only of letters and of characters that separate words in a command or sentence. */
const WORDS_ALONE = /^[\p{L} .,:;/_<>()-]+$/u;
/** The source of a text: maand itself (a message or a hint), or a command, which may print anything. */
type Origin = "maand" | "hint" | "command";

/** The fields of a record that contain text. All other fields are names, numbers and outcomes, and are not changed. */
const TEXT_FIELDS: ReadonlyMap<string, Origin> = new Map([
  ...["message", "reason", "target", "warnings"].map((field) => [field, "maand"] as const),
  ["hint", "hint"],
  ...["line", "output", "stdout", "stderr", "script"].map((field) => [field, "command"] as const),
]);

/**
 * Words that occur in maand's own sentences and hints. Masking a secret that equals one of them would not protect the
 * secret.
 */
const OWN_WORDS: readonly string[] = [
  ...["maand", "build", "deploy", "init", "doctor", "info", "logs", "show", "list", "create", "health_check", "health"],
  ...[
    "run_command",
    "worker_facts",
    "jobcommand",
    "schema",
    "plugins",
    "plugin",
    "completion",
    "start",
    "stop",
    "restart",
  ],
  ...[
    "reload",
    "status",
    "sync",
    "remove",
    "promote",
    "stage",
    "skip",
    "trust",
    "force",
    "jobs",
    "workers",
    "allocations",
  ],
  ...[
    "worker",
    "allocation",
    "bucket",
    "workspace",
    "manifest",
    "Makefile",
    "make",
    "command",
    "commands",
    "target",
    "file",
  ],
  ...[
    "files",
    "secret",
    "secrets",
    "data",
    "store",
    "lock",
    "user",
    "root",
    "port",
    "host",
    "version",
    "config",
    "failed",
  ],
  ...[
    "error",
    "this",
    "that",
    "with",
    "from",
    "then",
    "again",
    "after",
    "before",
    "there",
    "here",
    "write",
    "look",
    "free",
  ],
];

/**
 * Collects every secret that is read or written, and masks it in lines, messages and output. A multi-line secret is
 * masked line by line, because output arrives in lines.
 */
export class Mask {
  readonly #names: () => Iterable<string>;
  readonly #known = new Set<string>();
  readonly #words = new Set<string>();
  readonly #phrases = new Set<string>();
  #pattern: RegExp | undefined;
  #protected: RegExp | undefined;

  /**
   * `names` returns the names of jobs, workers and labels in the bucket, which are not secret. It is called only when a
   * name might be masked.
   */
  constructor(names: () => Iterable<string> = () => []) {
    this.#names = names;
  }

  add(secret: string): void {
    if (this.#known.has(secret)) return;
    this.#known.add(secret);
    const lines = secret.trim().split(/\s*\n\s*/);
    const shortest = lines.length === 1 ? SHORTEST : SHORTEST_LINE;
    for (const line of lines) {
      if (line.length < shortest || /^-----(BEGIN|END) [A-Z ]+-----$/.test(line)) continue;
      const isWord = line.length >= LONG_WORD && lines.length > 1 && !/[\s"'\\,]/.test(line);
      if (isWord) this.#words.add(line);
      else for (const spelling of [line, ...spellings(line)]) this.#phrases.add(spelling);
    }
    if (lines.length > 1) for (const spelling of wholeSpellings(secret)) this.#words.add(spelling);
    this.#pattern = undefined;
  }

  /** The text with secrets masked. */
  text(text: string): string {
    if (this.#known.size === 0) return text;
    const bare = this.#withoutWords(text);
    const hidden = this.#phrases.size === 0 ? bare : bare.replace(this.#phrase(), HIDDEN);
    return hidden.endsWith(LINE_CUT) ? this.#cut(hidden.slice(0, -LINE_CUT.length)) : hidden;
  }

  /** The lines with secrets masked. One search checks all of them for secrets. */
  lines(lines: readonly string[]): readonly string[] {
    if (this.#known.size === 0) return lines;
    const all = lines.join("\n");
    if (!all.includes(LINE_CUT) && this.text(all) === all) return lines;
    return lines.map((line) => this.text(line));
  }

  /**
   * A message of maand with secrets masked. A secret that equals, or is part of, a name of the bucket or an ordinary
   * word is not masked. Otherwise a weak secret would turn the name of a job, or the command to type next, into dots.
   */
  sentence(text: string): string {
    if (this.text(text) === text) return text;
    const bare = this.#withoutWords(text);
    if (this.#phrases.size === 0) return bare;
    const names = [...bare.matchAll(this.#namePattern())].map(
      ({ 0: name, index }) => [index, index + name.length] as const,
    );
    return bare.replace(this.#phrase(), (secret, at: number) =>
      names.some(([from, to]) => from <= at && at + secret.length <= to) ? secret : HIDDEN,
    );
  }

  /**
   * A hint of maand, such as the next command, with secrets masked. A secret that consists only of words is not masked
   * there, because a weak secret would hide the next step.
   */
  hint(text: string): string {
    const phrases = [...this.#phrases].filter((secret) => !WORDS_ALONE.test(secret));
    if (this.#known.size === 0 || phrases.length === this.#phrases.size) return this.sentence(text);
    const strong = new Mask(this.#names);
    for (const word of this.#words) strong.#words.add(word);
    for (const phrase of phrases) strong.#phrases.add(phrase);
    strong.#known.add(""); // the pattern already covers all spellings
    return strong.sentence(text);
  }

  #withoutWords(text: string): string {
    if (this.#words.size === 0) return text;
    return text.replace(/(\\[nrt]?)?([^\s"'\\,]+)/g, (...at) => this.#word(...at));
  }

  /** Matches whole names and words, the longest first. */
  #namePattern(): RegExp {
    if (this.#protected) return this.#protected;
    const all = [...new Set([...this.#names(), ...OWN_WORDS])].filter((name) => name.length >= SHORTEST);
    const longest = all.sort((a, b) => b.length - a.length).map(escaped);
    this.#protected = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${longest.join("|")})(?![\\p{L}\\p{N}_])`, "gu");
    return this.#protected;
  }

  /** Masks one word. In JSON, it may directly follow an escaped newline. */
  #word(whole: string, before = "", word = ""): string {
    if (this.#words.has(word)) return before + HIDDEN;
    return this.#words.has(before.slice(1) + word) ? `\\${HIDDEN}` : whole;
  }

  /** Masks the start of a secret at the end of a line, because a truncated line may end in the middle of a secret. */
  #cut(line: string): string {
    let begun = 0;
    for (const secrets of [this.#words, this.#phrases])
      for (const secret of secrets) begun = Math.max(begun, begunAtEnd(line, secret));
    return `${begun === 0 ? line : line.slice(0, -begun) + HIDDEN}${LINE_CUT}`;
  }

  /** A record, such as an event, with secrets masked in its text fields. Names and outcomes stay unchanged. */
  conceal<T extends object>(record: T): T;
  conceal(record: object): object {
    return this.#known.size === 0 ? record : this.#copy(record, undefined);
  }

  #copy<T>(value: T, origin: Origin | undefined): T;
  #copy(value: unknown, origin: Origin | undefined): unknown {
    if (typeof value === "string") return this.#hide(value, origin);
    if (Array.isArray(value)) return value.map((item: unknown) => this.#copy(item, origin));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      this.#copy(item, TEXT_FIELDS.get(key) ?? origin),
    ]);
    return Object.fromEntries(entries);
  }

  #hide(text: string, origin: Origin | undefined): string {
    if (origin === undefined) return text;
    if (origin === "hint") return this.hint(text);
    return origin === "maand" ? this.sentence(text) : this.text(text);
  }

  #phrase(): RegExp {
    if (this.#pattern) return this.#pattern;
    // longest first, so that a secret that starts with a shorter one is masked completely
    const longest = [...this.#phrases].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longest.map(escaped).join("|"), "g");
    return this.#pattern;
  }
}

/** The length of the start of a secret at the end of a line; 0 if it is too short to matter. */
function begunAtEnd(line: string, secret: string): number {
  const end = line.slice(-(secret.length - 1));
  const beginning = secret.slice(0, SHORTEST);
  for (let at = end.indexOf(beginning); at !== -1; at = end.indexOf(beginning, at + 1))
    if (secret.startsWith(end.slice(at))) return end.length - at;
  return 0;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
