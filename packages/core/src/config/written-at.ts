/** A configuration file as it was read, to find in it what a problem is about. */
export interface Written {
  /** As it is called in problems. */
  readonly file: string;
  readonly text: string;
}

/**
 * `file:line:column: key`, where a key stands in the file; without the numbers when it cannot be found. `called` is what the
 * problem calls the key.
 */
export function keyAt({ file, text }: Written, key: string, called: string = key): string {
  const offset = offsetOf(
    text,
    key.split(/[.[\]]+/).filter((part) => part !== ""),
  );
  return offset === undefined ? `${file}: ${called}` : `${file}:${position(text, offset)}: ${called}`;
}

/** The same for a text value below a key, such as a plugin's name in the list of plugins. */
export function valueAt({ file, text }: Written, key: string, value: string, called: string = key): string {
  const from = offsetOf(text, [key]) ?? 0;
  const found = withoutComments(text)
    .slice(from)
    .search(new RegExp(`(?<![\\w./@-])["']?${escaped(value)}(?![\\w./-])`));
  return found === -1 ? keyAt({ file, text }, key, called) : `${file}:${position(text, from + found)}: ${called}`;
}

/** `line:column` of a place in a text, both counted from 1. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/**
 * Where the last of some nested keys stands: each is looked for behind the one before. Keys of JSON, YAML, TOML and object
 * literals look alike enough for that. A key that stands nowhere is written elsewhere, such as behind a spread.
 */
function offsetOf(text: string, keys: readonly string[]): number | undefined {
  const bare = withoutComments(text);
  let from = 0;
  let found: number | undefined;
  for (const key of keys.filter((part) => !/^\d+$/.test(part))) {
    const match = new RegExp(`(?<![\\w$-])(["']?)${escaped(key)}\\1\\s*(?:[:=\\].(,}]|$)`, "m").exec(bare.slice(from));
    if (!match) return undefined;
    found = from + match.index;
    from = found + key.length;
  }
  return found;
}

/** The text with comments as blanks, so that places stay; what looks like one in a string is left alone. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/.*|\/\*[\s\S]*?\*\/|(?<=^|\s)#.*$/gm,
    (all, string: string | undefined) => string ?? all.replace(/[^\n]/g, " "),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
