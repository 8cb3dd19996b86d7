import { get, type IncomingMessage } from "node:http";
import { get as getSecurely } from "node:https";
import { systemTrust } from "./system-trust.ts";

/** The number of redirects to follow before they count as a loop. */
const REDIRECTS = 10;

/** The number of bytes read of a response body, which is ignored. */
const BODY_LIMIT = 64 * 1024;

/** The requirements for a response. */
export interface HttpExpectation {
  readonly status: number;
  /** The CA of the bucket, in PEM, trusted in addition to those of this machine. */
  readonly authority?: string | undefined;
}

/** Healthy if the response, after any redirects, has the expected status. */
export async function probeHttp(url: URL, expected: HttpExpectation, signal: AbortSignal): Promise<string> {
  let at = url;
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    const { status, location } = await answer(at, expected.authority, signal);
    if (status === expected.status) return `responded with ${status}`;
    if (location === undefined) throw new Error(`responded with ${status}, expected ${expected.status}`);
    at = new URL(location, at);
    if (at.protocol !== "http:" && at.protocol !== "https:") throw new Error(`redirects to ${at.protocol}`);
  }
  throw new Error(`redirects more than ${REDIRECTS} times`);
}

interface Answer {
  readonly status: number;
  /** The target of a redirect. */
  readonly location: string | undefined;
}

function answer(url: URL, authority: string | undefined, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const taken = (response: IncomingMessage) => {
      const { statusCode: status = 0, headers } = response;
      resolve({ status, location: [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined });
      discard(response);
    };
    const options = { signal, headers: { "user-agent": "maand" } };
    const request =
      url.protocol === "https:"
        ? getSecurely(url, { ...options, agent: systemTrust(authority) }, taken)
        : get(url, { ...options, agent: false }, taken);
    request.once("error", reject);
  });
}

/** Reads a short body to its end, so that servers do not log an error, and stops reading a long one. */
function discard(response: IncomingMessage): void {
  let bytes = 0;
  response.on("error", () => {});
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) response.destroy();
  });
}
