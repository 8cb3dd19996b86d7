import { spawnSync } from "node:child_process";

/** The timeout of the check that python3 runs, in milliseconds. */
const TIMEOUT_MS = 20_000;

/**
 * Prints which of its arguments are neither installed packages nor modules that can be imported. Imports none of them.
 */
const PROGRAM = `import importlib.util, re, sys
try:
    from importlib import metadata
except ImportError:
    metadata = None
def is_there(name):
    try:
        return bool(metadata and metadata.version(name))
    except Exception:
        pass
    try:
        return importlib.util.find_spec(re.sub("[-.]", "_", name)) is not None
    except Exception:
        return False
print("\\n".join([name for name in sys.argv[1:] if not is_there(name)] + ["."]))
`;

/** The package name at the beginning of a requirement. */
const NAME = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:$|[<>=!~@(,])/;

/** The contents of a requirements file. */
export interface Requirements {
  /** Names of packages. */
  readonly names: readonly string[];
  /** Lines without a package name, such as `-r base.txt`, which only pip can resolve. */
  readonly others: readonly string[];
}

/**
 * Reads a requirements file. Omits requirements with an environment marker, because they may not apply to this machine.
 */
export function readRequirements(text: string): Requirements {
  const lines = text
    .replace(/\\\r?\n/g, " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "" && !line.includes(";"));
  const names = lines.map((line) => NAME.exec(line)?.[1]);
  return {
    names: names.filter((name) => name !== undefined),
    others: lines.filter((_, at) => names[at] === undefined),
  };
}

/** The packages that python3 does not find, or all packages if python3 cannot run. */
export function missingPackages(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const { status, stdout } = spawnSync("python3", ["-c", PROGRAM, ...names], { encoding: "utf8", timeout: TIMEOUT_MS });
  const lines = (stdout ?? "").trim().split("\n");
  return status === 0 && lines.at(-1) === "." ? lines.slice(0, -1) : names;
}
