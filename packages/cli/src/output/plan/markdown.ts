/** Shows control characters as escapes, such as `\x1b`; tabs and newlines are kept. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (found) => {
    if (found === "\t" || found === "\n") return found;
    if (found === "\r") return "\\r";
    const point = found.codePointAt(0) ?? 0;
    return point < 0x100 ? `\\x${point.toString(16).padStart(2, "0")}` : `\\u{${point.toString(16)}}`;
  });
}

/** Text as HTML. Mentions are escaped, because they would notify users. */
export function inHtml(text: string): string {
  return visible(text)
    .replaceAll("\n", " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("@", "&#64;");
}

/** Literal text for a cell of a table or an entry of a list: nothing in it is markup. */
export function cell(text: string): string {
  return inHtml(text).replace(/[\\`*_{}[\]()#+!|~:]/g, (found) => `&#${found.charCodeAt(0)};`);
}

/** A name in code style, also usable in a table. */
export function code(text: string): string {
  return `<code>${cell(text)}</code>`;
}

/** A block of code, with a fence longer than any inside it. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${visible(text).replace(/\n$/, "")}\n${fence}\n`;
}

/** A folded section; `title` is HTML. */
export function details(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n</details>\n\n`;
}
