import { readFileSync } from "node:fs";
import { bookFile } from "./book/pages.ts";

/** The documentation of one code. */
export interface ErrorPage {
  readonly code: string;
  /** The exit code of a command that fails with this code; undefined for problems in a list, and for warnings. */
  readonly exit?: number;
  /** Paragraphs in Markdown. */
  readonly text: string;
}

/** The pages of all error codes and problems, from the documentation that is part of this package. */
export function errorPages(): ErrorPage[] {
  const text = readFileSync(bookFile("docs/errors.md"), "utf8");
  const [codes = "", problems = ""] = text.split(/^## Problems in files and flags$/m);
  const ofCodes = codes.split(/^### /m).slice(1).flatMap(codePage);
  const rows = [...problems.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)];
  return [...ofCodes, ...rows.map(([, code = "", meaning = ""]) => ({ code, text: problemText(meaning) }))];
}

function codePage(section: string): ErrorPage[] {
  const [code = "", ...rest] = section.split("\n");
  const body = rest.join("\n").trim();
  const [, exit, text = body] = /^\((\d+)\) (.*)$/s.exec(body) ?? [];
  return /^[A-Z_]+$/.test(code) ? [{ code, ...(exit === undefined ? {} : { exit: Number(exit) }), text }] : [];
}

function problemText(meaning: string): string {
  const isWarning = meaning.startsWith("(w) ");
  const rest = isWarning ? meaning.slice(4) : meaning;
  const text = rest.replace("as a warning (w)", "as a warning").replace("(w) ", "as a warning, ");
  return `${isWarning ? "Warning" : "Problem"}: ${text}.`;
}
