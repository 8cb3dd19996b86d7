/** A route in the application, as in the fragment of its URL: `#/job/api`, `#/fleet?zone=a&zone=b`. */
export interface Route {
  readonly page: Page;
  /** The name of the shown job, worker or run; empty for other pages. */
  readonly name: string;
  /** The filters and the opened parts. */
  readonly query: URLSearchParams;
}

export const PAGES = ["fleet", "job", "worker", "plan", "run", "history", "certificates", "doctor"] as const;
export type Page = (typeof PAGES)[number];

/** Pages that are about one named thing. */
const NAMED: ReadonlySet<Page> = new Set(["job", "worker", "run"]);

/** The route of a fragment; the fleet for a fragment that names no page. */
export function parseRoute(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const [page = "", name = ""] = path.split("/");
  const known = PAGES.find((one) => one === page);
  const decoded = decode(name);
  if (known === undefined || NAMED.has(known) !== (decoded !== "")) return route("fleet");
  return { page: known, name: decoded, query: new URLSearchParams(query) };
}

/** A route from its parts; a filter may have several values, and empty values are omitted. */
export function route(
  page: Page,
  name = "",
  query: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): Route {
  const params = new URLSearchParams();
  for (const [key, given] of Object.entries(query))
    for (const value of typeof given === "string" ? [given] : (given ?? []))
      if (value !== "") params.append(key, value);
  return { page, name, query: params };
}

/** The fragment of a route, for links. */
export function routeText({ page, name, query }: Route): string {
  const params = query.toString();
  return `#/${page}${name === "" ? "" : `/${encodeURIComponent(name)}`}${params === "" ? "" : `?${params}`}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
