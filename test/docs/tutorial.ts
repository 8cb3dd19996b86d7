import { blocksOf, type Page } from "./pages.ts";

/** One shell block, and its documented output. */
export interface Step {
  readonly code: string;
  /** Lines of output in order. The output can contain other lines between them. */
  readonly prints: readonly string[];
}

/** A tutorial as a script. */
export interface Tutorial {
  readonly steps: readonly Step[];
  /**
   * The complete script for bash: files are written where the page shows them, and {@link outputsOf} separates the
   * output of the steps.
   */
  readonly script: string;
}

const MARK = "@@ step";

/**
 * Converts a page to a script. A block with a path after its language is a file, a block `sh` contains commands, and a block `output`
 * is part of the output of the previous block.
 */
export function tutorialOf(page: Page): Tutorial {
  const steps: Step[] = [];
  const lines = ["exec 2>&1", "set -e"];
  for (const { info, code } of blocksOf(page)) {
    const [language, path] = info.split(" ");
    const last = steps.at(-1);
    if (path) lines.push(`mkdir -p "$(dirname ${path})"`, `cat > ${path} <<'END_OF_FILE'\n${code}END_OF_FILE`);
    else if (language === "output" && last)
      steps.splice(-1, 1, { ...last, prints: code.split("\n").filter((line) => line !== "") });
    else if (language === "sh") {
      lines.push(`echo "${MARK}"`, code);
      steps.push({ code, prints: [] });
    }
  }
  return { steps, script: lines.join("\n") };
}

/** The output of each step. If the script failed, the remaining steps have no output. */
export function outputsOf(printed: string): string[] {
  return printed.split(`${MARK}\n`).slice(1);
}

/** The lines of `wanted` that a text does not contain in this order. */
export function missingLines(wanted: readonly string[], text: string): string[] {
  let from = 0;
  return wanted.filter((line) => {
    const at = text.indexOf(line, from);
    if (at !== -1) from = at + line.length;
    return at === -1;
  });
}
