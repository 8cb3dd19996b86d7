import ignore from "ignore";
import type { Report } from "../domain/checks/problem.ts";
import { readText } from "./read-text.ts";

/** Name of the ignore files, in the workspace and in a job's directory. */
export const IGNORE_FILE = ".maandignore";

/**
 * Default patterns: files that editors and file browsers create, and artifacts that tools build for the local machine.
 * The list contains only files that no service needs, because ignoring a file changes its job.
 */
export const DEFAULT_IGNORES: readonly string[] = [
  // Emacs, vim, nano, Kate, LibreOffice, GNOME
  ".#*",
  "\\#*#",
  "*~",
  ".*.sw[a-p]",
  ".*.kate-swp",
  ".~lock.*#",
  ".goutputstream-*",
  // macOS and Windows
  ".DS_Store",
  "._*",
  "Thumbs.db",
  "desktop.ini",
  // version control and installed packages
  ".git",
  ".venv",
  "venv",
  "node_modules",
  "__pycache__",
  // the ignore file itself
  IGNORE_FILE,
];

/** The ignore file that init writes: only comments, with the default patterns among them. */
export function ignoreText(): string {
  return `${[
    "# Files of jobs to ignore, in the syntax of .gitignore. Paths are relative to this directory; a file with",
    "# this name in a job's directory adds more patterns. These are the defaults; to undo one, write !pattern:",
    "#",
    ...DEFAULT_IGNORES.map((pattern) => `#   ${pattern}`),
    "",
  ].join("\n")}`;
}

/** Files in a job's directory that maand itself reads, and that therefore cannot be ignored. */
const ALWAYS_READ = ["manifest.json", "vars.toml"];

/**
 * Decides which paths in a job's directory are ignored. Paths are relative to the job's directory, and directories end
 * in `/`.
 */
export type IsIgnored = (path: string) => boolean;

/** The rules of one workspace. */
export interface Ignores {
  /** Whether a directory directly in `jobs/` is ignored as a whole. */
  job(name: string): boolean;
  /** The rules for a job's directory: the defaults, the workspace's file and the job's own. The last match applies. */
  within(job: string): IsIgnored;
}

/** A comment or an empty line, which is not a pattern. */
const COMMENT = /^\s*(#|$)/;

/** Case-sensitive, like git on Linux. */
const OPTIONS = { ignorecase: false, allowRelativePaths: true };

/** Reads the ignore file of a workspace; the ignore files of its jobs are read when needed. */
export function ignoresOf(workspace: string, report: Report): Ignores {
  const written = patternsIn(workspace, "", report);
  const shared = [...DEFAULT_IGNORES, ...written];
  const rules = ignore(OPTIONS).add(shared);
  const byName = ignoredByName();
  return {
    job: (name) => rules.ignores(`jobs/${name}/`),
    within(job) {
      const own = patternsIn(workspace, `jobs/${job}/`, report).flatMap((pattern) => below(`jobs/${job}`, pattern));
      if ([...written, ...own].every((pattern) => COMMENT.test(pattern))) return byName;
      const all = own.length === 0 ? rules : ignore(OPTIONS).add(shared).add(own);
      return (path) => !ALWAYS_READ.includes(path) && all.ignores(`jobs/${job}/${path}`);
    },
  };
}

/**
 * Caches by name, because the default patterns depend only on the last name of a path, and the same names occur in
 * every job.
 */
function ignoredByName(): IsIgnored {
  const rules = ignore(OPTIONS).add(DEFAULT_IGNORES);
  const known = new Map<string, boolean>();
  return (path) => {
    const name = path.replace(/\/$/, "").replace(/^.*\//s, "");
    const before = known.get(name);
    if (before !== undefined) return before;
    const ignored = rules.ignores(name);
    known.set(name, ignored);
    return ignored;
  };
}

function patternsIn(workspace: string, place: string, report: Report): string[] {
  const file = `workspace/${place}${IGNORE_FILE}`;
  const text = readText(`${workspace}/${place}${IGNORE_FILE}`, { file, code: "invalid_ignore" }, report);
  return text === undefined ? [] : text.split(/\r?\n/);
}

/**
 * Converts a pattern from a job's own file to a pattern relative to the workspace. A bare name matches at any depth in
 * the job.
 */
function below(directory: string, pattern: string): string[] {
  if (COMMENT.test(pattern)) return [];
  const negated = pattern.startsWith("!");
  const bare = (negated ? pattern.slice(1) : pattern).replace(/^\\(?=[!#])/, "");
  const anchored = bare.replace(/\/\s*$/, "").includes("/");
  return [`${negated ? "!" : ""}/${directory}/${anchored ? bare.replace(/^\//, "") : `**/${bare}`}`];
}
