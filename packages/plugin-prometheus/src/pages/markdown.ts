import { Marked, type Token, type Tokens } from "marked";
import { escapeHtml } from "./page.ts";

/** A link of a runbook. */
export interface Link {
  readonly href: string;
  readonly line: number;
}

/** Converts GitHub's Markdown to HTML. Raw HTML and unsafe links are dropped. */
export function markdownToHtml(text: string): string {
  const seen = new Map<string, number>();
  const markdown = new Marked({
    gfm: true,
    async: false,
    renderer: {
      html: () => "",
      heading({ tokens, depth, text: title }) {
        return `<h${depth} id="${escapeHtml(anchorOf(title, seen))}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, title, tokens }) {
        const inner = this.parser.parseInline(tokens);
        if (!isSafe(href)) return inner;
        const tip = title ? ` title="${escapeHtml(title)}"` : "";
        return `<a href="${escapeHtml(pageOf(href))}"${tip} rel="noreferrer">${inner}</a>`;
      },
      image({ href, text: alternative }) {
        return isSafe(href)
          ? `<img src="${escapeHtml(href)}" alt="${escapeHtml(alternative)}">`
          : escapeHtml(alternative);
      },
    },
  });
  return markdown.parse(text, { async: false });
}

/** The links and images of a runbook that refer to local files. */
export function localLinks(text: string): Link[] {
  const markdown = new Marked({ gfm: true });
  const links: Link[] = [];
  let from = 0;
  for (const token of markdown.lexer(text)) {
    const line = text.slice(0, from).split("\n").length;
    markdown.walkTokens([token], (inner) => {
      if (isLink(inner) && isLocal(inner.href)) links.push({ href: inner.href, line });
    });
    from += token.raw.length;
  }
  return links;
}

/** The file that a link to a runbook names, without its anchor. */
export function fileOf(href: string): string {
  const path = href.replace(/[#?].*$/s, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isLink(token: Token): token is Tokens.Link | Tokens.Image {
  return token.type === "link" || token.type === "image";
}

function isLocal(href: string): boolean {
  return !/^([a-z][a-z0-9+.-]*:|\/|#)/i.test(href.trim());
}

/** Whether the URL of a link cannot run code. */
function isSafe(href: string): boolean {
  return /^(https?:|mailto:)/i.test(href) || !/^[^/?#]*:/.test(href);
}

/** Converts a link to another runbook to a link to its page. */
function pageOf(href: string): string {
  return isLocal(href) ? href.replace(/\.md(?=$|[#?])/, ".html") : href;
}

/** The anchor of a heading, as on GitHub. */
function anchorOf(title: string, seen: Map<string, number>): string {
  const words = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s+/g, "-");
  const count = seen.get(words) ?? 0;
  seen.set(words, count + 1);
  return count === 0 ? words : `${words}-${count}`;
}
