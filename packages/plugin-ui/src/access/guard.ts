import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { CSRF_HEADER } from "../contract.ts";
import { Refused } from "../server/refused.ts";
import { type Endpoint, originOf } from "./access.ts";
import { hashOf, type Session, type Sessions } from "./sessions.ts";

/** The name of the cookie. Browsers do not separate cookies by port, so it names the port. */
export function cookieName({ secure, port }: Endpoint): string {
  return `${secure ? "__Host-" : ""}maand-ui-${port}`;
}

/**
 * The header with the cookie of a browser. Scripts cannot read the cookie, and other sites cannot cause it to be sent.
 * It ends with the browser session.
 */
export function cookieHeader(endpoint: Endpoint, value: string): string {
  return `${cookieName(endpoint)}=${value}; Path=/; HttpOnly; SameSite=Strict${endpoint.secure ? "; Secure" : ""}`;
}

/**
 * Refuses a request for another host name than this server's. A page of another site whose name resolves to this server
 * (DNS rebinding) still sends that name. Every request is checked, regardless of its path.
 */
export function checkHost({ headers, rawHeaders }: IncomingMessage, { hosts }: Endpoint): void {
  const named = rawHeaders.filter((_, at) => at % 2 === 0 && rawHeaders[at]?.toLowerCase() === "host").length;
  if (named === 1 && hosts.has((headers.host ?? "").toLowerCase())) return;
  throw new Refused(421, "WRONG_HOST", "this server does not have the requested name", `use ${[...hosts][0]}`);
}

/**
 * Refuses a request that a page of another site makes. Browsers send the site of a page in Origin or Sec-Fetch-Site. A
 * client that sends neither is not a page. Writes and streams have further checks: see {@link checkWrite}.
 */
export function checkOrigin({ headers }: IncomingMessage, endpoint: Endpoint): void {
  const { origin, host = "" } = headers;
  const site = headers["sec-fetch-site"];
  const isOwn = origin === undefined || origin === originOf(endpoint, host.toLowerCase());
  const isSame = site === undefined || site === "same-origin" || site === "none";
  if (isOwn && isSame) return;
  throw new Refused(403, "WRONG_ORIGIN", "the request comes from a page of another site", null);
}

/** The session that a request's cookie names. Throws 401 if there is none. */
export function sessionOf({ headers }: IncomingMessage, endpoint: Endpoint, sessions: Sessions): Session {
  const name = `${cookieName(endpoint)}=`;
  const values = (headers.cookie ?? "").split(";").flatMap((part) => {
    const text = part.trim();
    return text.startsWith(name) ? [text.slice(name.length)] : [];
  });
  const session = values.length === 1 ? sessions.find(values[0] ?? "") : undefined;
  if (session) return session;
  throw new Refused(401, "NO_SESSION", "this browser is not logged in", "open the file that maand ui names, or log in");
}

/** Refuses a write that is not JSON, or that has no proof that it comes from the page itself. */
export function checkWrite({ headers }: IncomingMessage, endpoint: Endpoint, session: Session | undefined): void {
  if (headers.origin !== originOf(endpoint, (headers.host ?? "").toLowerCase()))
    throw new Refused(403, "WRONG_ORIGIN", "the request has no header that shows that it comes from this page", null);
  if (!/^application\/json *(;|$)/i.test(headers["content-type"] ?? ""))
    throw new Refused(415, "NOT_JSON", "a write needs the content type application/json", null);
  if (session && !isSame(String(headers[CSRF_HEADER] ?? ""), session.csrf))
    throw new Refused(
      403,
      "NO_CSRF_TOKEN",
      `a write needs the header ${CSRF_HEADER} with the value of the session`,
      null,
    );
}

function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(given), "hex"), Buffer.from(hashOf(wanted), "hex"));
}
