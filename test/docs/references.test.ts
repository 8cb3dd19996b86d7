import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./pages.ts";

/** Files of the repository that people write. */
const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((path) => /\.(ts|mjs|py|sh|md)$/.test(path) && existsSync(join(ROOT, path)));

const own = "test/docs/references.test.ts";

/** Matches references to documents outside of the repository: numbers of decisions, sections of a specification, codes of faults. */
const ELSEWHERE =
  /\bdecisions? \d+|\b(build|deploy|cli)\.md,? \d|\(seed [a-z]|(?<![\w/"'`.#-])[BD]\d{1,2}(?![\w"'`.-])/;

/** The comments of a source, or the text of a page without its code. */
function prose(path: string, text: string): string[] {
  if (path.endsWith(".md")) return text.replace(/```[\s\S]*?```|`[^`\n]*`/g, "").split("\n");
  if (/\.(py|sh)$/.test(path)) return text.split("\n").filter((line) => /^\s*#/.test(line));
  return text.match(/\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm)?.flatMap((comment) => comment.split("\n")) ?? [];
}

describe("references", () => {
  it("are searched for in all sources", () => {
    expect(files.length).toBeGreaterThan(500);
  });

  it("name only documents in the repository", () => {
    const found = files
      .filter((path) => path !== own)
      .flatMap((path) =>
        prose(path, readFileSync(join(ROOT, path), "utf8"))
          .filter((line) => ELSEWHERE.test(line))
          .map((line) => `${path}: ${line.trim()}`),
      );
    expect(found).toEqual([]);
  });

  it("in comments lead to an existing page and heading", () => {
    const broken = files
      .filter((path) => /\.(ts|mjs|py)$/.test(path) && path !== own)
      .flatMap((path) =>
        prose(path, readFileSync(join(ROOT, path), "utf8")).flatMap((line) =>
          [...line.matchAll(/(?<![\w/`"])((?:docs|packages|test)\/[\w./-]+\.md)(#[\w-]+)?/g)]
            .filter(([, page = "", anchor]) => !leadsTo(path, page, anchor))
            .map(([link]) => `${path}: ${link}`),
        ),
      );
    expect(broken).toEqual([]);
  });
});

function leadsTo(from: string, page: string, anchor: string | undefined): boolean {
  const file = [join(ROOT, page), join(ROOT, dirname(from), page)].find((path) => existsSync(path));
  if (file === undefined) return false;
  const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
  return anchor === undefined || headings.includes(anchor.slice(1));
}
