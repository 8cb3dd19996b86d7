// Permanent short links: /e/<CODE> for an error, /p/<code> for a problem. Codes are never reused, so a link in an old
// message or runbook always leads to the description of that code.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../scripts/book/chapters.mjs";

/** The links, and the anchors in docs/errors.md to which they lead. */
export function permanentLinks(text = readFileSync(join(REPOSITORY, "docs/errors.md"), "utf8")) {
  const [errors = "", problems = ""] = text.split(/^## Problems in files and flags$/m);
  return [
    ...[...errors.matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => [`e/${code}`, code.toLowerCase()]),
    ...[...problems.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => [`p/${code}`, `problem-${code}`]),
  ];
}

/**
 * Writes a page for each link. The page redirects in the browser, so that the links need no support from the server.
 */
export function writePermanentLinks(directory) {
  for (const [link, anchor] of permanentLinks()) {
    const target = `../../errors.html#${anchor}`;
    mkdirSync(join(directory, link), { recursive: true });
    writeFileSync(
      join(directory, link, "index.html"),
      `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${link.slice(2)}</title>
<meta http-equiv="refresh" content="0; url=${target}">
<p><a href="${target}">${link.slice(2)}</a></p>
</html>
`,
    );
  }
}
