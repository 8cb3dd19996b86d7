import { isMaandError, type MaandError } from "@maand/core";
import type { Endpoint } from "./endpoint.ts";
import { placeOf, seconds, systemCode, unreachable } from "./errors.ts";
import { HandshakeFailed, type Phase } from "./handshake.ts";
import { type LoginKeys, loginRefused } from "./login/login-keys.ts";

/** What is known when a connection could not be made. */
export interface Attempted {
  readonly endpoint: Endpoint;
  readonly keys: LoginKeys;
  readonly timeoutMs: number;
  readonly tries: number;
}

/** The kind of a failed attempt: worth another quick try, a few patient ones, or none. */
export type ConnectFailure = "refused" | "reset" | "final";

/** Sorts a failed attempt; sshd hangs up on new connections when there are too many at once (MaxStartups). */
export function connectFailureOf(error: unknown): ConnectFailure {
  if (!(error instanceof HandshakeFailed) || error.by === "time") return "final";
  if (error.by === "hang-up") return "reset";
  const code = systemCode(error.cause);
  if (code === "ECONNREFUSED") return "refused";
  return ["ECONNRESET", "EPIPE", "EAI_AGAIN"].includes(code) ? "reset" : "final";
}

/** The error for a connection that could not be made. */
export async function connectError(error: unknown, attempted: Attempted): Promise<Error> {
  const { endpoint, keys, timeoutMs, tries } = attempted;
  const { name } = endpoint;
  const place = placeOf(endpoint);
  if (isMaandError(error)) return error;
  if (!(error instanceof HandshakeFailed)) return otherError(name, error);
  if (error.by === "time") return tooLate(error.phase, endpoint, timeoutMs);
  const { cause, message } = error;
  if (isRefusedLogin(error)) return loginRefused(endpoint, keys);
  const known = REASONS[error.by === "hang-up" ? "ECONNRESET" : systemCode(cause)];
  if (known) return unreachable(name, known[0](place, tries), proxyHint(endpoint) ?? known[1], cause);
  const mismatch = NO_MATCH.find(([pattern]) => pattern.test(message));
  if (mismatch) return noMatch(name, mismatch, cause);
  return unreachable(name, `${place}: ${message} (${tries} tries)`, undefined, cause);
}

/** Out of keys, or sshd disconnected with one of its reasons (numbers) during the login: too many keys, no such user. */
function isRefusedLogin({ phase, cause }: HandshakeFailed): boolean {
  if (!(cause instanceof Error)) return false;
  if ("level" in cause && cause.level === "client-authentication") return true;
  return phase === "login" && "code" in cause && typeof cause.code === "number";
}

/** What goes wrong on this machine before a connection is tried. */
function otherError(name: string, error: unknown): MaandError {
  const known = REASONS[systemCode(error)];
  const why = error instanceof Error ? error.message : String(error);
  return unreachable(name, known ? known[0]("", 1) : why, known?.[1], error);
}

function tooLate(phase: Phase, endpoint: Endpoint, timeoutMs: number): MaandError {
  const why = {
    connect: "no answer",
    banner: "connected, but what listens there does not speak ssh or stalls",
    login: "the login did not end",
  }[phase];
  const hint = proxyHint(endpoint) ?? "timeouts.connect in maand.conf sets how long maand waits";
  return unreachable(endpoint.name, `${placeOf(endpoint)}: ${why}, timed out after ${seconds(timeoutMs)}`, hint);
}

function proxyHint({ name, proxyCommand }: Endpoint): string | undefined {
  if (proxyCommand === undefined) return undefined;
  return `the ssh config sets ProxyCommand for ${name}, and maand runs no programs from it: write ProxyJump there`;
}

type Mismatch = readonly [pattern: RegExp, what: string, setting: string, algorithm: string];

/** What ssh2 reports when it and the server have no algorithm of a kind in common, and one that would do. */
const NO_MATCH: readonly Mismatch[] = [
  [/no matching key exchange/, "key exchange", "KexAlgorithms", "curve25519-sha256"],
  [/no matching host key/, "type of host key", "HostKeyAlgorithms", "ssh-ed25519"],
  [/no matching .*cipher/, "cipher", "Ciphers", "aes128-gcm@openssh.com"],
  [/no matching .*MAC/, "MAC", "MACs", "hmac-sha2-256-etm@openssh.com"],
];

function noMatch(name: string, [, what, setting, algorithm]: Mismatch, cause: unknown): MaandError {
  const why = `its sshd and maand have no ${what} in common`;
  return unreachable(name, why, `add ${algorithm} to ${setting} in its sshd_config, and restart sshd`, cause);
}

type Reason = readonly [(place: string, tries: number) => string, string];

const NO_ROUTE: Reason = [(place) => `no route to ${place}`, "is the address right, and is the network up?"];
const NO_NAME: Reason = [(place) => `its name cannot be resolved (${place})`, "check host in workers.json, or DNS"];
const NO_FILES: Reason = [
  () => "this machine allows maand no more open files",
  "raise the limit and run it again: ulimit -n 4096",
];

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
  EMFILE: NO_FILES,
  ENFILE: NO_FILES,
};
