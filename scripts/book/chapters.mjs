// The order of the book. docs/README.md is its only source, which the website, the page navigation, the tests and
// `maand docs` use.
import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const CONTENTS = "docs/README.md";

/**
 * The chapters in order: `part` and `title` as in the table of contents, `path` from the root of the repository, and
 * one sentence in `about`.
 */
export function chapters(text = readFileSync(join(REPOSITORY, CONTENTS), "utf8")) {
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const part = section.slice(0, section.indexOf("\n"));
      const entries = [...section.matchAll(/^- \[(.+?)\]\((.+?)\): (.+)$/gm)];
      return entries.map(([, title, target, about]) => {
        return { part, title, path: posix.join(posix.dirname(CONTENTS), target), about };
      });
    });
}
