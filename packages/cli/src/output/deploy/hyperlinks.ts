import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ProcessContext } from "@maand/command";
import { findBucket } from "@maand/core/readonly";

/** Terminals that show links, by their TERM_PROGRAM and TERM. */
const PROGRAMS = /^(iTerm\.app|WezTerm|vscode|ghostty|Hyper|Tabby)$/;
const TERMS = /^(xterm-kitty|xterm-ghostty|alacritty|foot|contour|wezterm)/;
/** The first version of VTE, the library of GNOME Terminal and other terminals, that shows links. */
const FIRST_VTE = 5000;

/**
 * Whether to print links. `FORCE_HYPERLINK` decides if it is set. Otherwise, only terminals that are known to support
 * links get them, and never inside tmux, screen or CI.
 */
export function showsLinks(stream: { readonly isTTY?: boolean }, env: ProcessContext["env"]): boolean {
  if (env.FORCE_HYPERLINK !== undefined) return !/^(|0|false)$/i.test(env.FORCE_HYPERLINK);
  if (stream.isTTY !== true || env.TMUX || env.STY || env.CI || env.TERM === "dumb") return false;
  return (
    PROGRAMS.test(env.TERM_PROGRAM ?? "") ||
    TERMS.test(env.TERM ?? "") ||
    Boolean(env.WT_SESSION || env.KITTY_WINDOW_ID) ||
    Number(env.VTE_VERSION ?? 0) >= FIRST_VTE
  );
}

/** Turns paths of workspace files in lines into links to these files. */
export function linked(lines: readonly string[], from: string): string[] {
  const root = rootOf(from);
  if (root === undefined) return [...lines];
  return lines.map((line) =>
    line.replace(/\bworkspace\/[\w./-]*\w/g, (path) => {
      const file = join(root, path);
      return existsSync(file) ? link(path, pathToFileURL(file).href) : path;
    }),
  );
}

function rootOf(from: string): string | undefined {
  try {
    return findBucket(from).root;
  } catch {
    return undefined;
  }
}

function link(text: string, url: string): string {
  return `\u001b]8;;${url}\u001b\\${text}\u001b]8;;\u001b\\`;
}
