import { signal } from "@preact/signals";
import { CSRF_HEADER, type SessionAnswer, type Verb } from "../../src/contract.ts";
import type { RequestError } from "./request-error.ts";
import { currentSource } from "./resource.ts";
import { send } from "./source.ts";

/** The session of this page; undefined until the server has responded. */
export const session = signal<SessionAnswer | undefined>(undefined);
/** The reason why there is no session. */
export const sessionError = signal<RequestError | undefined>(undefined);

/**
 * Reads the session from the server. Also called when the server is reachable again, because a restarted server has no
 * earlier sessions.
 */
export async function loadSession(): Promise<void> {
  try {
    session.value = await currentSource().get<SessionAnswer>("session");
    sessionError.value = undefined;
  } catch (error) {
    const refused = error as RequestError;
    sessionError.value = refused;
    if (refused.status === 401) session.value = undefined;
  }
}

/** Whether this session may perform the action. */
export function isAllowed(verb: Verb): boolean {
  return session.value?.live === true && session.value.allow.includes(verb);
}

/** Sends a request that changes something, and returns the response. Throws a RequestError. */
export async function post<T>(path: string, body: object): Promise<T> {
  const response = await send(`./api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", [CSRF_HEADER]: session.peek()?.csrf ?? "" },
    body: JSON.stringify(body),
  });
  return response.status === 204 ? (undefined as T) : await response.json();
}

/** Exchanges a token for a session. */
export async function login(token: string): Promise<void> {
  await post("login", { token });
  await loadSession();
}
