// What each page of the book says about its place: its part below the title, the pages before and after it at the end.
import { posix } from "node:path";
import { CONTENTS } from "./chapters.mjs";

const PART = /^(# .+\n)\nPart of the book: .*\n/;
const NEIGHBOURS = /\n---\n\n(?:Previous|Next): .*\n$/;

/** A page without its navigation. */
export function withoutNavigation(text) {
  return text.replace(PART, "$1").replace(NEIGHBOURS, "");
}

/** A page with its navigation, for the chapter at this index. */
export function withNavigation(text, chapters, index) {
  const here = chapters[index];
  const link = (title, path) => `[${title}](${posix.relative(posix.dirname(here.path), path)})`;
  const part = `Part of the book: ${link(here.part, `${CONTENTS}#${anchorOf(here.part)}`)}`;
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
