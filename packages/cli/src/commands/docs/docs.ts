import { Command, MaandCommand, Option } from "@maand/command";
import { hanging } from "@maand/command/layout";
import { didYouMean, MaandError } from "@maand/core/readonly";
import { oneDocument } from "../../book/one-document.ts";
import { type BookPage, bookPages, sectionsOf } from "../../book/pages.ts";
import { searchBook } from "../../book/search.ts";

/** The maximum width; longer lines are hard to read. */
const WIDEST = 100;

/** `maand docs`. */
export class DocsCommand extends MaandCommand {
  static override paths = [["docs"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "read the documentation of this version, offline",
    details:
      "Prints a page, or one section of a page; name the section as in a link: deploy#batches. Without a page, lists all pages. On a terminal, wraps the text. Elsewhere, prints the Markdown, for a pager or a file. --all prints all pages as one Markdown document, and --search lists the sections that contain all words.",
    examples: [
      ["All pages", "maand docs"],
      ["A page", "maand docs deploy"],
      ["A section of a page", "maand docs deploy#batches"],
      ["Search for a topic", 'maand docs --search "host key"'],
      ["Everything in one file", "maand docs --all > maand.md"],
    ],
  });

  page = Option.String({ required: false, name: "page" });
  search = Option.String("--search", { description: "List the sections that contain all of these words." });
  all = Option.Boolean("--all", false, { description: "Print all pages as one Markdown document." });

  override async work(): Promise<number> {
    const { page, search, all } = this;
    if ([page, search, all || undefined].filter((one) => one !== undefined).length > 1)
      throw new MaandError({
        code: "USAGE",
        message: "a page, --search and --all exclude each other",
        hint: "to list all pages, run maand docs",
      });
    const pages = bookPages();
    if (search !== undefined) this.printFound(pages, search);
    else if (page !== undefined) await this.printText(pageOf(page, pages));
    else if (all) await this.printAll(pages);
    else this.printContents(pages);
    return 0;
  }

  printContents(pages: readonly BookPage[]): void {
    const width = Math.max(...pages.map(({ name }) => name.length));
    const lines = pages.flatMap(({ part, name, about }, at) => [
      ...(pages[at - 1]?.part === part ? [] : [...(at === 0 ? [] : [""]), this.style("stdout").strong(`${part}:`)]),
      ...hanging(name, about.replaceAll("`", ""), { width, columns: this.columns }),
    ]);
    if (this.json) this.printJson(pages.map(({ name, part, title, about }) => ({ name, part, title, about })));
    else this.print(lines.join("\n"));
  }

  printFound(pages: readonly BookPage[], text: string): void {
    const found = searchBook(pages, text);
    if (this.json) {
      this.printJson(found);
      return;
    }
    if (found.length === 0)
      throw notFound(`no page contains ${JSON.stringify(text)}`, "try fewer words; to list all pages, run maand docs");
    const lines = found.map(({ page, anchor, heading }) => [`maand docs ${page}#${anchor}`, heading] as const);
    const width = Math.max(...lines.map(([command]) => command.length));
    for (const [command, heading] of lines)
      this.print(hanging(command, heading, { width, columns: this.columns, indent: 0 }).join("\n"));
  }

  async printAll(pages: readonly BookPage[]): Promise<void> {
    if (this.json) this.printJson(pages.map(record));
    else await this.printMarkdown(oneDocument(pages));
  }

  async printText(page: BookPage): Promise<void> {
    if (this.json) this.printJson(record(page));
    else await this.printMarkdown(page.text);
  }

  /** Prints Markdown: wrapped on a terminal, unchanged elsewhere. */
  async printMarkdown(text: string): Promise<void> {
    const { columns } = this;
    if (columns === undefined) this.context.stdout.write(text);
    else {
      const { renderPage } = await import("../../book/render-page.ts");
      this.context.stdout.write(renderPage(text, { columns, style: this.style("stdout") }));
    }
  }

  /** The width of the text on a terminal; undefined elsewhere. */
  get columns(): number | undefined {
    const { isTTY, columns } = this.context.stdout;
    return isTTY === true && columns ? Math.min(columns, WIDEST) : undefined;
  }
}

function record({ name, part, title, about, text }: BookPage) {
  return { name, part, title, about, text };
}

/** The page with a name as typed. For a name such as `deploy#batches`, returns only this section of the page. */
function pageOf(target: string, pages: readonly BookPage[]): BookPage {
  const [typed = "", anchor] = target.split("#");
  const name = typed.toLowerCase().replace(/\.md$/, "");
  const page = pages.find((one) => one.name === name);
  const near = (word: string, all: readonly string[]) => didYouMean(word, all) ?? "to list all pages, run maand docs";
  if (!page) {
    const names = pages.map((one) => one.name);
    throw notFound(`there is no page ${JSON.stringify(typed)}`, near(name, names));
  }
  if (anchor === undefined) return page;
  const sections = sectionsOf(page);
  const section = sections.find((one) => one.anchor === anchor.toLowerCase());
  if (section) return { ...page, text: section.text };
  const anchors = sections.map((one) => one.anchor);
  throw notFound(`the page ${name} has no section ${JSON.stringify(anchor)}`, near(anchor, anchors));
}

function notFound(message: string, hint: string): MaandError {
  return new MaandError({ code: "NOT_FOUND", message, hint });
}
