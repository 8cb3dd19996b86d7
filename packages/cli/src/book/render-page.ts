import type { Style } from "@maand/command";
import { hanging, wrappedWords } from "@maand/command/layout";
import { lexer, type Token, type Tokens } from "marked";

interface Layout {
  /** Columns of the terminal. */
  readonly columns: number;
  readonly style: Style;
}

/**
 * The maximum width of terms with the text next to them. In a table with a longer term, the text is below each term.
 */
const TERM = 24;

/** Formats a page in Markdown for a terminal: wrapped paragraphs, indented code, and tables as lists of terms. */
export function renderPage(text: string, layout: Layout): string {
  return `${blocks(lexer(text), layout)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function blocks(tokens: readonly Token[], layout: Layout): string[][] {
  return tokens.map((token) => block(token, layout)).filter((lines) => lines.length > 0);
}

function block(token: Token, layout: Layout): string[] {
  const { columns, style } = layout;
  if (token.type === "heading")
    return wrappedWords(plain((token as Tokens.Heading).text), columns).map((line) => style.strong(line));
  if (token.type === "code") return (token as Tokens.Code).text.split("\n").map((line) => `    ${line}`);
  if (token.type === "list") return list(token as Tokens.List, layout);
  if (token.type === "table") return table(token as Tokens.Table, layout);
  if (token.type === "paragraph" || token.type === "text")
    return wrappedWords(plain((token as Tokens.Paragraph).text), columns);
  return []; // blank lines, rules, and pictures, which a terminal does not show
}

function list({ items, ordered, start }: Tokens.List, layout: Layout): string[] {
  return items.flatMap((item, at) => {
    const mark = ordered ? `${Number(start) + at}. ` : "- ";
    const inner = blocks(item.tokens, { ...layout, columns: layout.columns - mark.length });
    return inner.flat().map((line, index) => (index === 0 ? mark : " ".repeat(mark.length)) + line);
  });
}

function table({ header, rows }: Tokens.Table, { columns, style }: Layout): string[] {
  const titles = header.map(({ text }) => plain(text));
  const terms = rows.map(([first]) => plain(first?.text ?? ""));
  const width = Math.max(...terms.map((term) => term.length));
  return rows.flatMap((row, at) => {
    const term = terms[at] ?? "";
    const texts = row.slice(1).flatMap(({ text }, index) => {
      const title = titles[index + 1] ?? "";
      return text === "" ? [] : [row.length === 2 || title === "" ? plain(text) : `${title}: ${plain(text)}`];
    });
    if (row.length === 2 && width <= TERM) return hanging(term, texts[0] ?? "", { width, columns });
    const below = texts.flatMap((text) => wrappedWords(text, columns - 6).map((line) => `      ${line}`));
    return [...wrappedWords(term, columns - 2).map((line) => `  ${style.strong(line)}`), ...below];
  });
}

/** Text without Markdown syntax: links as their text, code and emphasis as plain words. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/`([^`]*)`|\*\*/g, (_, code = "") => code)
    .replaceAll("\\|", "|")
    .replace(/\s+/g, " ")
    .trim();
}
