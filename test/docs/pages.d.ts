/** The repository. */
export declare const ROOT: string;
/** One Markdown file. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}
/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** The language, and the text after it. */
  readonly info: string;
  readonly code: string;
}
/** Every Markdown file of the repository. */
export declare function allPages(directory?: string): Page[];
/** One page by its path. */
export declare function page(path: string): Page;
/** The fenced blocks of a page. */
export declare function blocksOf({ path, text }: Page): Block[];
/** A page without its fenced blocks. */
export declare function proseOf({ text }: Page): string;
/** The rows of the table whose heading begins with these cells; each row as its cells. */
export declare function tableRows(of: Page, ...heading: readonly string[]): string[][];
/** The rows of all tables whose heading begins with these cells. */
export declare function rowsOfTables(of: Page, ...heading: readonly string[]): string[][];
/** The words in backticks in a text. */
export declare function codeIn(text: string): string[];
/** Relative links of a page, resolved: the file from the root of the repository, and the anchor in it. */
export declare function linksOf(from: Page): {
  readonly to: string;
  readonly anchor: string | undefined;
}[];
/** Anchors of a page's headings, as they are made of their words. */
export declare function anchorsOf(of: Page): string[];
//# sourceMappingURL=pages.d.ts.map
