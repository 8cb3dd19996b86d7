import { runbookName } from "../sources.ts";
import { markdownToHtml } from "./markdown.ts";
import { escapeHtml, hrefOf, linkList, page } from "./page.ts";

/** A runbook of a job. */
export interface Runbook {
  readonly job: string;
  /** Its name in annotations, and in the URL of its page. */
  readonly name: string;
  readonly text: string;
}

/** The path of the pages in a server job's directory, and on the server. */
export const RUNBOOKS = "consoles/runbooks/";

/** The path of a runbook's page. */
export function runbookPath(job: string, name: string): string {
  return `${RUNBOOKS}${job}/${name}.html`;
}

/** The URL of a runbook's page on a server, such as `http://10.0.0.1:9090`. */
export function runbookUrl(server: string, job: string, name: string): string {
  return `${server}/${RUNBOOKS}${job}/${hrefOf(name)}.html`;
}

/** The runbook files of a job, with their names. */
export function runbooksOf<File extends { readonly path: string }>(job: string, files: readonly File[]) {
  return files.map((file) => ({ job, name: runbookName(file.path), file }));
}

/** The page of one runbook. */
export function runbookPage({ job, name, text }: Runbook): string {
  const up = "../".repeat(name.split("/").length);
  const navigation = `<a href="${up}index.html">Runbooks</a> / ${escapeHtml(job)} / ${escapeHtml(name)}`;
  return page({ title: `${job} / ${name}`, navigation, content: markdownToHtml(text) });
}

/** The index of all runbooks, by job. */
export function runbookIndex(runbooks: readonly Pick<Runbook, "job" | "name">[]): string {
  const jobs = [...new Set(runbooks.map(({ job }) => job))].sort();
  const lists = jobs.map((job) => {
    const names = runbooks.filter((runbook) => runbook.job === job).map(({ name }) => name);
    const links = names.sort().map((name) => ({ href: `${job}/${hrefOf(name)}.html`, text: name }));
    return `<h2>${escapeHtml(job)}</h2>${linkList(links)}`;
  });
  return page({ title: "Runbooks", navigation: "", content: `<h1>Runbooks</h1>${lists.join("")}` });
}
