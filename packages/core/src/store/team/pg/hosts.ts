/** Which servers of a URL may be used: any, or only those that accept writes (`read-write`, `primary`). */
export const SESSION_ATTRIBUTES = ["any", "read-write", "primary"] as const;
export type SessionAttributes = (typeof SESSION_ATTRIBUTES)[number];

/** The parameter of a URL that has these attributes. */
export const ATTRIBUTES_OPTION = "target_session_attrs";

/** The servers of a URL, as libpq interprets it. */
export interface Servers {
  /** One URL for each server, in order, without the option `target_session_attrs`. */
  readonly urls: readonly string[];
  /** Default: `any` for one server, and `read-write` for several, because a store that cannot be written is useless. */
  readonly attributes: SessionAttributes;
}

/** Scheme, user and password with their `@`, hosts, and the rest, of a URL whose hosts may be a list. */
const PARTS = /^([a-z]+:\/\/)([^/?#]*@)?([^/?#@]*)(.*)$/i;

/**
 * Reads `postgres://user@a:5432,b:5433/db?target_session_attrs=read-write`; the options `host` and `port` may be lists
 * as well. Undefined if the string is not a URL, or if the numbers of hosts and ports do not match.
 */
export function serversOf(text: string): Servers | undefined {
  const [, scheme = "", user = "", hosts = "", rest = ""] = PARTS.exec(text) ?? [];
  const urls = hosts.split(",").map((host) => `${scheme}${user}${host}${rest}`);
  if (urls.some((url) => !URL.canParse(url))) return undefined;
  const lists = urls.map((url) => byOptions(new URL(url)));
  if (lists.includes(undefined)) return undefined;
  const all = lists.flatMap((list) => list ?? []);
  const given = new URL(urls[0] ?? "").searchParams.get(ATTRIBUTES_OPTION);
  const attributes = SESSION_ATTRIBUTES.find((one) => one === given) ?? (all.length > 1 ? "read-write" : "any");
  return { urls: all, attributes };
}

/** One URL for each host in the options; undefined if the number of ports does not match. */
function byOptions(url: URL): readonly string[] | undefined {
  const hosts = url.searchParams.get("host")?.split(",") ?? [];
  const ports = url.searchParams.get("port")?.split(",") ?? [];
  if (url.searchParams.has(ATTRIBUTES_OPTION)) url.searchParams.delete(ATTRIBUTES_OPTION);
  const count = Math.max(1, hosts.length);
  if (ports.length > 1 && ports.length !== count) return undefined;
  return Array.from({ length: count }, (_, at) => {
    const one = new URL(url);
    const [host, port] = [hosts[at], ports[at] ?? ports[0]];
    if (host !== undefined) one.searchParams.set("host", host);
    if (port !== undefined) one.searchParams.set("port", port);
    return one.href;
  });
}

/** The URL without its password, which is returned separately. */
export function apart(text: string): { readonly url: string; readonly password: string | undefined } {
  const [, scheme = "", userInfo = "", hosts = "", rest = ""] = PARTS.exec(text) ?? [];
  const [, user = "", password] = /^([^:@]*)(?::(.*))?@$/.exec(userInfo) ?? [];
  const at = user === "" ? "" : `${user}@`;
  return {
    url: `${scheme}${at}${hosts}${rest}`,
    password: password === undefined || password === "" ? undefined : decodeURIComponent(password),
  };
}
