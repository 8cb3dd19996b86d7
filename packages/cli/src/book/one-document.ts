import { posix } from "node:path";
import { anchorOf, type BookPage, outsideCode } from "./pages.ts";

/**
 * All pages as one Markdown document, with a table of contents. Links between pages lead to headings of the document.
 * The anchors of equal headings are numbered as on GitHub. Links to other files become plain text.
 */
export function oneDocument(pages: readonly BookPage[]): string {
  const anchors = anchorsOfAll(pages);
  const contents = pages.flatMap(({ path, part, title, about }, at) => [
    ...(pages[at - 1]?.part === part ? [] : ["", `**${part}**`, ""]),
    `- [${title}](#${anchors.get(path)}): ${about}`,
  ]);
  const texts = pages.map(({ path, text }) => outsideCode(text, (prose) => linked(prose, path, anchors)));
  return `${["# maand", ...contents].join("\n")}\n\n${texts.join("\n")}`;
}

/** The anchors in the document, by page, and by page and anchor. */
function anchorsOfAll(pages: readonly BookPage[]): Map<string, string> {
  const uses = new Map([["maand", 1]]);
  const found = new Map<string, string>();
  for (const { path, text } of pages) {
    const own = new Map<string, number>();
    outsideCode(text, (prose) => {
      for (const [, heading = ""] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
        const anchor = anchorOf(heading);
        const name = numbered(uses, anchor);
        if (!found.has(path)) found.set(path, name);
        found.set(`${path}#${numbered(own, anchor)}`, name);
      }
      return prose;
    });
  }
  return found;
}

/** The anchor of a heading, numbered if earlier headings are equal: the second one ends with `-1`. */
function numbered(uses: Map<string, number>, anchor: string): string {
  const count = uses.get(anchor) ?? 0;
  uses.set(anchor, count + 1);
  return count === 0 ? anchor : `${anchor}-${count}`;
}

function linked(prose: string, from: string, anchors: ReadonlyMap<string, string>): string {
  return prose.replace(/\[((?:[^\]`]|`[^`]*`)*)\]\(([^)\s]+)\)/g, (whole, text: string, target: string) => {
    if (/^[a-z]+:/.test(target)) return whole;
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? from : posix.join(posix.dirname(from), file);
    const name = anchors.get(anchor === undefined ? path : `${path}#${anchor}`);
    return name === undefined ? text : `[${text}](#${name})`;
  });
}
