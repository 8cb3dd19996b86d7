import { isMaandError, type MaandError } from "@maand/core";
import type { Endpoint } from "./endpoint.ts";
import { placeOf, seconds, unreachable } from "./failures.ts";
import { HandshakeFailed, type Phase } from "./handshake.ts";
import { type Credentials, loginRefused } from "./identity.ts";

/** What is known when a connection could not be made. */
export interface Attempted {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  readonly tries: number;
}

/** What kind of trouble a failed attempt was: worth another quick try, a few patient ones, or none. */
export type Trouble = "refused" | "reset" | "final";

/** Sorts a failed attempt; sshd hangs up on newcomers when too many knock at once (MaxStartups). */
export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof HandshakeFailed) || error.by === "time") return "final";
  if (error.by === "hang-up") return "reset";
  const code = codeOf(error.cause);
  if (code === "ECONNREFUSED") return "refused";
  return ["ECONNRESET", "EPIPE", "EAI_AGAIN"].includes(code) ? "reset" : "final";
}

/** The error a person gets for a connection that could not be made. */
export function explained(error: unknown, { endpoint, credentials, timeoutMs, tries }: Attempted): Error {
  const place = placeOf(endpoint);
  if (isMaandError(error)) return error;
  if (!(error instanceof HandshakeFailed)) return unreachable(endpoint.name, String(error), undefined, error);
  if (error.by === "time") return late(error.phase, endpoint, timeoutMs);
  const cause = error.cause;
  if (refusesUser(error)) return loginRefused(endpoint, credentials);
  const known = REASONS[error.by === "hang-up" ? "ECONNRESET" : codeOf(cause)];
  if (known) return unreachable(endpoint.name, known[0](place, tries), known[1], cause);
  return unreachable(endpoint.name, `${place}: ${error.message} (${tries} tries)`, undefined, cause);
}

/** Out of keys, or sshd said goodbye with one of its reasons (numbers) during the login: too many keys, no such user. */
function refusesUser({ phase, cause }: HandshakeFailed): boolean {
  if (!(cause instanceof Error)) return false;
  if ("level" in cause && cause.level === "client-authentication") return true;
  return phase === "login" && "code" in cause && typeof cause.code === "number";
}

function late(phase: Phase, endpoint: Endpoint, timeoutMs: number): MaandError {
  const why = {
    connect: "no answer",
    banner: "connected, but what listens there does not speak ssh or stalls",
    login: "the login did not end",
  }[phase];
  const hint = "timeouts.connect in maand.conf sets how long is waited";
  return unreachable(endpoint.name, `${placeOf(endpoint)}: ${why}, timed out after ${seconds(timeoutMs)}`, hint);
}

type Reason = readonly [(place: string, tries: number) => string, string];

const NO_ROUTE: Reason = [(place) => `no route to ${place}`, "is the address right, and is the network up?"];
const NO_NAME: Reason = [(place) => `its name cannot be resolved (${place})`, "check host in workers.json, or DNS"];

const HUNG_UP: Reason = [
  (place, tries) => `the connection to ${place} was closed before the login was done (${tries} tries)`,
  "is its sshd overloaded (MaxStartups), does a firewall cut it, or does something else than sshd listen there?",
];

const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: [
    (place, tries) => `connection refused on ${place} (${tries} tries)`,
    "is sshd running there, and is the port right (port in workers.json, ssh_port in maand.conf)?",
  ],
  ECONNRESET: HUNG_UP,
  EPIPE: HUNG_UP,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: NO_NAME,
  ETIMEDOUT: [(place) => `no answer from ${place}`, "is the machine up?"],
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
