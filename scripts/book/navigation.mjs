// The navigation on each page of the book: the part below the title, and links to the previous and next page at the
// end.
import { posix } from "node:path";
import { CONTENTS } from "./chapters.mjs";

const PART = /^(# .+\n)\nSection: .*\n/;
const NEIGHBOURS = /\n---\n\n(?:Previous|Next): .*\n$/;

/** Removes the navigation from a page. */
export function withoutNavigation(text) {
  return text.replace(PART, "$1").replace(NEIGHBOURS, "");
}

/** Adds the navigation of the chapter at this index to a page. */
export function withNavigation(text, chapters, index) {
  const here = chapters[index];
  const link = (title, path) => `[${title}](${posix.relative(posix.dirname(here.path), path)})`;
  const part = `Section: ${link(here.part, `${CONTENTS}#${anchorOf(here.part)}`)}`;
  const neighbours = [
    ["Previous", chapters[index - 1]],
    ["Next", chapters[index + 1]],
  ].flatMap(([word, chapter]) => (chapter ? [`${word}: ${link(chapter.title, chapter.path)}`] : []));
  const body = withoutNavigation(text).replace(/^(# .+\n)/, `$1\n${part}\n`);
  return `${body}\n---\n\n${neighbours.join(" · ")}\n`;
}

function anchorOf(heading) {
  return heading.toLowerCase().replaceAll(" ", "-");
}
