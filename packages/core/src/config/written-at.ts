/** The text of a configuration file, to locate problems in it. */
export interface Written {
  /** Its name in problems. */
  readonly file: string;
  readonly text: string;
}

/**
 * `file:line:column: key` of a key in the file, without the numbers if it cannot be found. `called` is the name of the
 * key that the result shows.
 */
export function keyAt({ file, text }: Written, key: string, called: string = key): string {
  const offset = offsetOf(
    text,
    key.split(/[.[\]]+/).filter((part) => part !== ""),
  );
  return offset === undefined ? `${file}: ${called}` : `${file}:${position(text, offset)}: ${called}`;
}

/** `file:line` of a key in the file, or `file` if it cannot be found. */
export function lineOfKey(written: Written, key: string): string {
  const [line = ""] = /^(?::\d+)?/.exec(keyAt(written, key).slice(written.file.length)) ?? [];
  return `${written.file}${line}`;
}

/** Like `keyAt`, for a string in the value of a key, such as a plugin's name in the list of plugins. */
export function valueAt({ file, text }: Written, key: string, value: string, called: string = key): string {
  const from = offsetOf(text, [key]) ?? 0;
  const found = withoutComments(text)
    .slice(from)
    .search(new RegExp(`(?<![\\w./@-])["']?${escaped(value)}(?![\\w./-])`));
  return found === -1 ? keyAt({ file, text }, key, called) : `${file}:${position(text, from + found)}: ${called}`;
}

/** `line:column` of an offset in a string, both starting at 1. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/**
 * The position of the last of several nested keys. The search for each key starts after the previous key. This works
 * because keys look similar in JSON, YAML, TOML and object literals. A key that is not found is probably defined
 * elsewhere, such as in a spread object.
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

/** Replaces comments with spaces, to preserve positions. Comment markers inside strings are not changed. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/.*|\/\*[\s\S]*?\*\/|(?<=^|\s)#.*$/gm,
    (all, string: string | undefined) => string ?? all.replace(/[^\n]/g, " "),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
