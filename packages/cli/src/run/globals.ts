/** The global flags, and whether each takes a value. */
export const GLOBALS: Readonly<Record<string, boolean>> = {
  "--json": false,
  "--no-color": false,
  "--wide": false,
  "-q": false,
  "--quiet": false,
  "-C": true,
  "--config": true,
  "--progress": true,
};

/** The kinds of names that a completion script requests with `maand completion <kind>`. */
export const NAMED: readonly string[] = ["jobs", "workers", "labels"];

/** The help text of the global flags. */
export const GLOBAL_FLAGS = `Flags of every command:
  --json            machine-readable output on stdout; progress and errors stay on stderr
  -q, --quiet       only errors and the result
  --no-color        no colour (also: NO_COLOR in the environment)
  --wide            all rows and columns of a table, even on a narrow screen
  -C <directory>    run in this directory
  --config <file>   use this configuration file
  --progress <how>  auto, live, lines or json (also: MAAND_PROGRESS in the environment)
  --version         print the version (no command); --json adds the versions of Node and SQLite

Flags of every command that takes the lock of the bucket:
  --wait[=5m]       if another command holds the lock, wait until it is free, or at most this long`;

/** Moves global flags in front of the command, where the parser expects them. A flag without its value is a problem. */
export function globalsFirst(argv: readonly string[]): { readonly rest: string[]; readonly problem?: string } {
  const at = leadingGlobals(argv);
  if (at > argv.length) return { rest: [], problem: `${argv.at(-1)} needs a value` };
  const leading = argv.slice(0, at);
  const words = argv.slice(at);
  const end = words.indexOf("--");
  const cut = end === -1 ? words.length : end;
  return { rest: [...words.slice(0, cut), ...leading, ...words.slice(cut)] };
}

/** The number of words in front of the command. If the last flag lacks its value, this exceeds the number of words. */
export function leadingGlobals(argv: readonly string[]): number {
  let at = 0;
  for (let flag = argv[at]; flag !== undefined && flag in GLOBALS; flag = argv[at]) at += GLOBALS[flag] ? 2 : 1;
  return at;
}

/** Joins a negative number to the flag before it, because the parser would treat it as a flag. */
export function negativesBound(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  const bound: string[] = [];
  for (const [at, word] of argv.entries()) {
    const before = bound.at(-1) ?? "";
    if ((end === -1 || at < end) && /^-\d+(\.\d+)?$/.test(word) && /^--[a-z][a-z_-]*$/.test(before))
      bound[bound.length - 1] = `${before}=${word}`;
    else bound.push(word);
  }
  return bound;
}

/** The first word of a command line that is not a global flag. */
export function firstWord(argv: readonly string[]): string | undefined {
  return globalsFirst(argv).rest[0];
}

/** The value of a global flag on a command line. */
export function globalValue(argv: readonly string[], flag: "-C" | "--config"): string | undefined {
  const at = argv.indexOf(flag);
  return at === -1 ? undefined : argv[at + 1];
}
