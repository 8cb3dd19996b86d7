import { STYLE, STYLE_HASH } from "./style.ts";

/** The parts of a page. */
export interface Page {
  readonly title: string;
  /** The navigation above the page, as HTML. */
  readonly navigation: string;
  /** The content, as HTML. */
  readonly content: string;
}

/** A content security policy that loads nothing and runs no script, regardless of what a runbook contains. */
const POLICY = `default-src 'none'; style-src '${STYLE_HASH}'; img-src 'self' data: https:; base-uri 'none'; form-action 'none'`;

/**
 * A complete page. It is escaped so that Prometheus serves it unchanged, because Prometheus treats pages in
 * `consoles/` as Go templates.
 */
export function page({ title, navigation, content }: Page): string {
  const lines = [
    "<!DOCTYPE html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<link rel="icon" href="data:,">', // otherwise a browser requests an icon
    `<title>${escapeHtml(title)}</title>`,
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    ...(navigation === "" ? [] : [`<nav>${navigation}</nav>`]),
    `<main>${content}</main>`,
    "</body>",
    "</html>",
    "",
  ];
  return withoutActions(lines.join("\n"));
}

/** Escapes a text for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A list of links. */
export function linkList(links: readonly { readonly href: string; readonly text: string }[]): string {
  const items = links.map(({ href, text }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(text)}</a></li>`);
  return `<ul>${items.join("")}</ul>`;
}

/** The relative URL of a path. */
export function hrefOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Escapes braces that would begin an action of a Go template. */
function withoutActions(html: string): string {
  return html.replaceAll("{{", '{{"{{"}}');
}
