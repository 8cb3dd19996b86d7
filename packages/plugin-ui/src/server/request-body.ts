import { Refused } from "./refused.ts";

/** The maximum size of a request, in bytes. */
export const MOST_BODY = 64 * 1024;

/** The JSON of a request, whose size was checked. Throws 400 for anything else. */
export async function jsonOf(request: Request): Promise<unknown> {
  const text = await request.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, "NOT_JSON", "the body is not JSON", null);
  }
}

/** Refuses a request as soon as it is too large. */
export function tooLarge(): never {
  throw new Refused(413, "TOO_LARGE", `a request may have at most ${MOST_BODY} bytes`, null);
}
