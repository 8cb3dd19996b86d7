import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { page } from "./pages.ts";
import { outputsOf, type Step, tutorialOf } from "./tutorial.ts";

/** The environment in which the commands of pages run. */
export interface TypingPlace {
  /** The parent of the empty directories. */
  readonly directory: string;
  /** A directory at the beginning of PATH. */
  readonly programs: string;
  /** A bucket's certificate authority for `maand init`, because creating a new one takes seconds. */
  readonly authority: string;
  /** The directory that an `npm install` of a page uses instead of the registry. */
  readonly modules: string;
}

/** The result of the commands of a page. */
export interface TypedPage {
  readonly code: number | null;
  readonly printed: string;
  /** Each shell block, and its output. */
  readonly steps: readonly (Step & { readonly output: string })[];
}

/**
 * Shortcuts: packages are linked instead of fetched by npm, and the certificate authority already exists. All other commands of a
 * page run unchanged.
 */
const SHORTCUTS = `
npm() { if [ "$1" = install ]; then ln -sfn "$MODULES" node_modules; else command npm "$@"; fi; }
maand() {
  if [ "$1" = init ] && [ ! -e secrets ]; then mkdir -m 700 secrets; cp "$AUTHORITY"/ca.* secrets/; fi
  command maand "$@"
}`;

/** Saves the files and runs the commands of a page in an empty directory. `changed` replaces words of the page. */
export async function typePage(
  path: string,
  { directory, programs, authority, modules }: TypingPlace,
  changed: Readonly<Record<string, string>> = {},
): Promise<TypedPage> {
  const original = page(path);
  const replaced = Object.entries(changed).reduce((all, [from, to]) => all.replaceAll(from, to), original.text);
  const { steps, script } = tutorialOf({ ...original, text: replaced });
  mkdirSync(directory, { recursive: true });
  const cwd = mkdtempSync(join(directory, "empty-"));
  const env = {
    PATH: `${programs}:${process.env.PATH}`,
    HOME: cwd,
    LANG: "C.UTF-8",
    NO_COLOR: "1",
    AUTHORITY: authority,
    MODULES: modules,
  };
  const child = spawn("bash", ["-c", `${SHORTCUTS}\n${script}`], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const [printed, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
  ]);
  const outputs = outputsOf(printed);
  if (code === 0) rmSync(cwd, { recursive: true });
  return { code, printed, steps: steps.map((step, at) => ({ ...step, output: outputs[at] ?? "" })) };
}

/** The pages for authors of plugins. */
export function pluginPages(root: string): string[] {
  const names = readdirSync(join(root, "docs/plugins")).filter((name) => name.endsWith(".md"));
  return ["docs/plugins.md", ...names.map((name) => `docs/plugins/${name}`)];
}
