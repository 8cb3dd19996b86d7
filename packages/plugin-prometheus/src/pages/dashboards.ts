import { matchGlobs } from "@maand/core/internal";
import { escapeHtml, hrefOf, linkList, page } from "./page.ts";

/** A dashboard of a job. */
export interface Dashboard {
  readonly job: string;
  /** Its path in `dashboards/` of the job. */
  readonly name: string;
  readonly label: string;
}

/** The directory of dashboards in a server job's directory. */
export const DASHBOARDS = "consoles/dashboards/";

/** The names that the index shows, without dotfiles and names in `.dashboardignore`. */
export function listedNames(names: readonly string[], ignore: string): string[] {
  const lines = ignore.split(/\r?\n/).map((line) => line.trim());
  const patterns = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const hidden = new Set(matchGlobs(patterns, names));
  return names.filter((name) => !hidden.has(name) && !name.split("/").some((part) => part.startsWith(".")));
}

/** The label of a dashboard in the index: the title of the page, or the name of the file. */
export function labelOf(name: string, text: string): string {
  const [, title = ""] = /\.html?$/i.test(name) ? (/<title[^>]*>([^<]*)<\/title>/i.exec(text) ?? []) : [];
  const label = decodeEntities(title).replace(/\s+/g, " ").trim();
  return label === "" ? (name.split("/").at(-1) ?? name) : label;
}

/** The index of all dashboards, by job. */
export function dashboardIndex(dashboards: readonly Dashboard[]): string {
  const jobs = [...new Set(dashboards.map(({ job }) => job))].sort();
  const lists = jobs.map((job) => {
    const own = dashboards.filter((dashboard) => dashboard.job === job);
    return `<h2>${escapeHtml(job)}</h2>${linkList(own.map(({ name, label }) => ({ href: `${job}/${hrefOf(name)}`, text: label })))}`;
  });
  return page({ title: "Dashboards", navigation: "", content: `<h1>Dashboards</h1>${lists.join("")}` });
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** Text of a title, decoded once. */
function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return NAMED[name.toLowerCase()] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
