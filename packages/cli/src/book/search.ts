import { type BookPage, sectionsOf } from "./pages.ts";

/** A part of a page that matches a search. */
export interface Found {
  readonly page: string;
  readonly anchor: string;
  readonly heading: string;
}

/** The parts of pages that contain all words, ignoring case. Parts with a match in the heading come first. */
export function searchBook(pages: readonly BookPage[], text: string): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hasAll = (of: string) => words.every((word) => of.toLowerCase().includes(word));
  const found = pages.flatMap((page) =>
    sectionsOf(page)
      .filter((section) => hasAll(section.text))
      .map(({ anchor, heading }) => ({ page: page.name, anchor, heading })),
  );
  return [...found.filter(({ heading }) => hasAll(heading)), ...found.filter(({ heading }) => !hasAll(heading))];
}
