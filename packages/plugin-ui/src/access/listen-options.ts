import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { MaandError } from "@maand/core/readonly";
import type { ListenAt } from "../server/listen.ts";

/** The flags for the address to listen on. */
export interface ListenFlags {
  readonly port: string | undefined;
  readonly listen: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tokens: string | undefined;
  /** Names under which browsers reach it, in addition to its address and the names in its certificate. */
  readonly hosts: readonly string[];
}

/** The address to listen on, and the names of the server. */
export interface ListenPlan extends ListenAt {
  readonly isLoopback: boolean;
  /** Names and addresses, without port. */
  readonly names: readonly string[];
}

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/;
/** Wildcard addresses, which no browser can connect to. */
const ANY = ["0.0.0.0", "::"];

/**
 * Determines the address and the names from the flags. Throws USAGE for flags that cannot be combined, and for an
 * address that other machines can reach without TLS and tokens.
 */
export function listenPlan(flags: ListenFlags): ListenPlan {
  const { address, port } = flags.listen === undefined ? here(flags.port) : elsewhere(flags.listen, flags.port);
  const isLoopback = address === "::1" || address.startsWith("127.");
  const { tlsCert, tlsKey } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw usage("--tls-cert and --tls-key must be used together", "add the missing one");
  if (!isLoopback && (tlsCert === undefined || flags.tokens === undefined))
    throw usage(
      `--listen ${flags.listen} can be reached from other machines, so it needs TLS and tokens`,
      "add --tls-cert, --tls-key and --tokens; or listen on 127.0.0.1 and forward the port with ssh -L",
    );
  const tls = tlsCert === undefined || tlsKey === undefined ? undefined : { cert: pem(tlsCert), key: pem(tlsKey) };
  const given = flags.hosts.map(hostName);
  const own = ANY.includes(address) ? [] : [address];
  const names = [...given, ...own, ...(isLoopback ? ["localhost"] : []), ...(tls ? namesIn(tls.cert, tlsCert) : [])];
  if (names.length === 0)
    throw usage("the certificate names no host", "name this server as browsers do: --host maand.example.com");
  return { address, port, tls, isLoopback, names };
}

/** Values of a Host header for these names at a port. */
export function hostHeaders({ names, tls }: Pick<ListenPlan, "names" | "tls">, port: number): ReadonlySet<string> {
  const isDefault = port === (tls ? 443 : 80);
  return new Set(
    names.flatMap((name) => {
      const host = (isIP(name) === 6 ? `[${name}]` : name).toLowerCase();
      return [`${host}:${port}`, ...(isDefault ? [host] : [])];
    }),
  );
}

function here(port: string | undefined) {
  return { address: "127.0.0.1", port: port === undefined ? 0 : portOf(port) };
}

function elsewhere(listen: string, port: string | undefined) {
  if (port !== undefined) throw usage("--listen already contains a port", "leave --port out");
  const [, v6, v4, digits = ""] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d+)$/.exec(listen) ?? [];
  const address = v6 ?? v4 ?? "";
  if (isIP(address) === 0)
    throw usage(`--listen takes an address and a port, not "${listen}"`, "for example: --listen 10.0.0.5:8443");
  return { address, port: portOf(digits) };
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw usage(`"${text}" is not a port`, "use a number from 1 to 65535, or 0 for any free port");
}

function hostName(name: string): string {
  if (HOST_NAME.test(name) || isIP(name) !== 0) return name;
  throw usage(
    `--host takes a name or an address without a port, not "${name}"`,
    "for example: --host maand.example.com",
  );
}

/** The exact names in a certificate, without wildcards. */
function namesIn(cert: string, file: string | undefined): string[] {
  try {
    const names = new X509Certificate(cert).subjectAltName ?? "";
    return names.split(", ").flatMap((entry) => /^(?:DNS|IP Address):([^*]+)$/.exec(entry)?.[1] ?? []);
  } catch (cause) {
    throw new MaandError({
      code: "CONFIG_INVALID",
      message: `${file} is not a certificate: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "name a file in PEM format with --tls-cert",
      refused: true,
      cause,
    });
  }
}

function pem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new MaandError({
      code: "CONFIG_INVALID",
      message: `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "check whether --tls-cert and --tls-key name the right files",
      refused: true,
      cause,
    });
  }
}

function usage(message: string, hint: string): MaandError {
  return new MaandError({ code: "USAGE", message, hint });
}
