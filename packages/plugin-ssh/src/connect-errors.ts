import { isMaandError, type MaandError } from "@maand/core";
import type { Endpoint } from "./endpoint.ts";
import { placeOf, seconds, systemCode, unreachable } from "./errors.ts";
import { HandshakeFailed, type Phase } from "./handshake.ts";
import { type LoginKeys, loginRefused } from "./login/login-keys.ts";

/** The data about a failed connection attempt. */
export interface Attempted {
  readonly endpoint: Endpoint;
  readonly keys: LoginKeys;
  readonly timeoutMs: number;
  readonly tries: number;
}

/** The kind of a failed attempt: worth a quick retry, a few slower retries, or none. */
export type ConnectFailure = "refused" | "reset" | "final";

/** Classifies a failed attempt; sshd drops new connections if there are too many at once (MaxStartups). */
export function connectFailureOf(error: unknown): ConnectFailure {
  if (!(error instanceof HandshakeFailed) || error.by === "time") return "final";
  if (error.by === "hang-up") return "reset";
  const code = systemCode(error.cause);
  if (code === "ECONNREFUSED") return "refused";
  return ["ECONNRESET", "EPIPE", "EAI_AGAIN"].includes(code) ? "reset" : "final";
}

/** The error for a failed connection. */
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

/**
 * Whether no key was accepted, or sshd disconnected during the login with a reason (a number) such as too many keys or
 * an unknown user.
 */
function isRefusedLogin({ phase, cause }: HandshakeFailed): boolean {
  if (!(cause instanceof Error)) return false;
  if ("level" in cause && cause.level === "client-authentication") return true;
  return phase === "login" && "code" in cause && typeof cause.code === "number";
}

/** Errors on this machine before a connection is attempted. */
function otherError(name: string, error: unknown): MaandError {
  const known = REASONS[systemCode(error)];
  const why = error instanceof Error ? error.message : String(error);
  return unreachable(name, known ? known[0]("", 1) : why, known?.[1], error);
}

function tooLate(phase: Phase, endpoint: Endpoint, timeoutMs: number): MaandError {
  const why = {
    connect: "no answer",
    banner: "connected, but the service on this port does not speak ssh, or is stalled",
    login: "the login did not finish",
  }[phase];
  const hint = proxyHint(endpoint) ?? "timeouts.connect in maand.conf sets how long maand waits";
  return unreachable(endpoint.name, `${placeOf(endpoint)}: ${why}, timed out after ${seconds(timeoutMs)}`, hint);
}

function proxyHint({ name, proxyCommand }: Endpoint): string | undefined {
  if (proxyCommand === undefined) return undefined;
  return `the ssh config sets ProxyCommand for ${name}, but maand runs no programs from it: use ProxyJump instead`;
}

type Mismatch = readonly [pattern: RegExp, what: string, setting: string, algorithm: string];

/** The text that ssh2 reports if it shares no algorithm of a kind with the server, and an algorithm that would work. */
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

const NO_ROUTE: Reason = [(place) => `no route to ${place}`, "check the address and the network"];
const NO_NAME: Reason = [(place) => `its name cannot be resolved (${place})`, "check host in workers.json, or DNS"];
const NO_FILES: Reason = [
  () => "the limit of open files on this machine is reached",
  "raise the limit and run the command again: ulimit -n 4096",
];

const HUNG_UP: Reason = [
  (place, tries) => `the connection to ${place} was closed before the login was done (${tries} tries)`,
  "its sshd may be overloaded (MaxStartups), a firewall may close the connection, or another service may listen there",
];

const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: [
    (place, tries) => `connection refused on ${place} (${tries} tries)`,
    "check that sshd is running there, and the port (port in workers.json, ssh_port in maand.conf)",
  ],
  ECONNRESET: HUNG_UP,
  EPIPE: HUNG_UP,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: NO_NAME,
  ETIMEDOUT: [(place) => `no answer from ${place}`, "check that the machine is up"],
  EMFILE: NO_FILES,
  ENFILE: NO_FILES,
};
