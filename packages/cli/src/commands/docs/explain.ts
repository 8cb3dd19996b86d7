import { Command, MaandCommand, Option } from "@maand/command";
import { wrappedWords } from "@maand/command/layout";
import { didYouMean, MaandError } from "@maand/core/readonly";
import { type ErrorPage, errorPages } from "../../error-pages.ts";

/** The maximum width; longer lines are hard to read. */
const WIDEST = 100;

/** `maand explain`. */
export class ExplainCommand extends MaandCommand {
  static override paths = [["explain"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "explain an error code, offline",
    details:
      "Prints the documentation of an error or problem code; without a code, lists all codes. Codes appear in the output of --json, in the logs, and below errors on a terminal.",
    examples: [
      ["An error", "maand explain HOST_KEY_CHANGED"],
      ["A problem of a build", "maand explain unknown_name"],
      ["All codes", "maand explain"],
    ],
  });

  code = Option.String({ required: false, name: "code" });

  override async work(): Promise<number> {
    const pages = errorPages();
    const { code } = this;
    if (code === undefined && this.json) this.printJson(pages.map(record));
    else if (code === undefined) this.list(pages);
    else if (this.json) this.printJson(record(pageOf(code, pages)));
    else this.show(pageOf(code, pages));
    return 0;
  }

  list(pages: readonly ErrorPage[]): void {
    const errors = pages.filter(({ exit }) => exit !== undefined);
    const problems = pages.filter(({ exit }) => exit === undefined);
    for (const [title, some] of [
      ["Errors", errors],
      ["Problems", problems],
    ] as const)
      for (const line of [
        `${title}:`,
        ...this.wrapped(some.map(({ code }) => code).join(" ")).map((text) => `  ${text}`),
      ])
        this.print(line);
  }

  show(page: ErrorPage): void {
    const { strong, faint } = this.style("stdout");
    const exit = page.exit === undefined ? "" : ` ${faint(`(exit code ${page.exit})`)}`;
    this.print(`${strong(page.code)}${exit}`);
    for (const paragraph of plainText(page.text).split("\n\n"))
      this.print(["", ...this.wrapped(paragraph.replace(/\s+/g, " "))].join("\n"));
  }

  wrapped(text: string): string[] {
    const { isTTY, columns } = this.context.stdout;
    return wrappedWords(text, isTTY === true && columns ? Math.min(columns - 2, WIDEST) : WIDEST);
  }
}

function record({ code, exit, text }: ErrorPage) {
  return { code, exit: exit ?? null, text: plainText(text) };
}

/** The page of a code, ignoring case. Codes of plugins have no pages. */
function pageOf(code: string, pages: readonly ErrorPage[]): ErrorPage {
  const same = pages.find((page) => page.code === code); // some problem codes and error codes differ only in case
  const found = same ?? pages.find((page) => page.code.toLowerCase() === code.toLowerCase());
  if (found) return found;
  const codes = pages.map((page) => page.code);
  const near =
    didYouMean(code, codes) ?? didYouMean(code.toUpperCase(), codes) ?? didYouMean(code.toLowerCase(), codes);
  const plugin = /^([a-z0-9-]+)\/[A-Z_]+$/.exec(code)?.[1];
  if (plugin !== undefined)
    throw new MaandError({
      code: "NOT_FOUND",
      message: `${code} is a code of the plugin ${plugin}, not of maand`,
      hint: "see its documentation; to see the source of each plugin, run maand plugins",
    });
  throw new MaandError({
    code: "NOT_FOUND",
    message: `there is no code ${JSON.stringify(code)}`,
    hint: near ?? "to list all codes, run maand explain",
  });
}

/** Markdown for a terminal: links as their text, code without backticks. */
function plainText(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\(([^)]*)\)/g, "$1").replaceAll("`", "");
}
