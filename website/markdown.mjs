// Turns the Markdown of the repository, which is written for code hosts, into pages of the website.
import { relative } from "node:path";
import { REPOSITORY } from "../scripts/book/chapters.mjs";
import { withoutNavigation } from "../scripts/book/navigation.mjs";
import { linkOf } from "./pages.mjs";

/** Creates the same anchors as code hosts, so that links work in both places. */
export function slugify(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** Adds the rules to a markdown-it instance. */
export function rules(md) {
  md.core.ruler.before("normalize", "book-navigation", (state) => {
    state.src = withoutNavigation(state.src);
  });
  md.core.ruler.push("book-links", ({ tokens, env }) => {
    const from = relative(REPOSITORY, env.realPath ?? env.path);
    for (const { children } of tokens) if (children) rewriteLinks(children, from);
  });
  md.core.ruler.push("book-problems", ({ tokens, env }) => {
    if (env.relativePath === "errors.md") nameProblems(tokens);
  });
  md.disable("html_inline"); // a word such as <host> is text
  const html = md.renderer.rules.html_block;
  md.renderer.rules.html_block = (tokens, index, ...rest) =>
    twoImages(tokens[index].content) ?? html(tokens, index, ...rest);
  // Vue would evaluate braces in text
  md.renderer.rules.text = (tokens, index) => md.utils.escapeHtml(tokens[index].content).replaceAll("{{", "{&#8203;{");
}

/**
 * Points relative links to pages of the site. Turns links to other files, such as source files, into plain text with
 * the path.
 */
function rewriteLinks(tokens, from) {
  for (const [at, token] of tokens.entries()) {
    if (token.type !== "link_open") continue;
    const href = token.attrGet("href") ?? "";
    if (/^[a-z]+:/.test(href)) continue;
    const link = linkOf(from, href);
    if (link !== undefined) token.attrSet("href", link);
    else
      asText(
        token,
        tokens.slice(at).find(({ type }) => type === "link_close"),
        href,
      );
  }
}

function asText(open, close, path) {
  for (const token of [open, close]) token.tag = "span";
  open.attrs = [["title", path]];
}

/** Adds the anchors of the permanent links to the rows of docs/errors.md that explain problems. */
function nameProblems(tokens) {
  for (const [at, token] of tokens.entries()) {
    const code = /^`([a-z_]+)`$/.exec(tokens[at + 1]?.content ?? "")?.[1];
    if (token.type === "td_open" && tokens[at - 1]?.type === "tr_open" && code !== undefined)
      token.attrSet("id", `problem-${code}`);
  }
}

/**
 * On code hosts, a <picture> follows the setting of the system. The website has its own switch for dark mode, so the
 * page contains both images, and a style hides one of them.
 */
function twoImages(html) {
  const [, dark] = /<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">/.exec(html) ?? [];
  const [, light, alt] = /<img src="([^"]+)" alt="([^"]+)"/.exec(html) ?? [];
  if (dark === undefined || light === undefined) return undefined;
  const image = (file, scheme) => `<img class="picture ${scheme}" src="${file.replace(/^(?!\.)/, "./")}" alt="${alt}">`;
  return `<p>${image(light, "light")}${image(dark, "dark")}</p>\n`;
}
