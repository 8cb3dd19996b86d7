import { isIP } from "node:net";

/** The names and addresses of a certificate, in their order. */
export interface HoldsFor {
  /** The names in the manifest, for any worker. */
  readonly entry: readonly string[];
  /** Workers. */
  readonly hosts: readonly string[];
}

/**
 * `localhost` separates the names of the entry from the names of workers, so that the certificate itself shows the
 * difference, and nothing else needs to be recorded.
 */
const LOOPBACK = "127.0.0.1";
const DIVIDER = "localhost";

const LABEL = /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;

/** Whether a text is an address or a DNS name, possibly with a leading `*` or with `_`, as allowed in certificates. */
export function isCertifiable(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes("%");
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return text
    .replace(/^\*\./, "")
    .split(".")
    .every((label) => LABEL.test(label));
}

/** The canonical form of a name; names with different forms are different. */
export function canonical(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase();
}

/** The names and addresses that a certificate for these names is valid for. */
export function holdsFor(altNames: readonly string[], hosts: readonly string[]): HoldsFor {
  const entry = [...new Set(altNames.map(canonical))].filter((name) => name !== LOOPBACK && name !== DIVIDER);
  const taken = new Set([LOOPBACK, DIVIDER, ...entry]);
  return { entry, hosts: [...new Set(hosts.map(canonical))].filter((host) => !taken.has(host)) };
}

/** The names as subject alternative names of a certificate. */
export function subjectAltNames({ entry, hosts }: HoldsFor): { type: "dns" | "ip"; value: string }[] {
  const names = [LOOPBACK, ...entry, DIVIDER, ...hosts];
  return names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }));
}

/**
 * Parses `X509Certificate.subjectAltName`; undefined if maand did not issue the certificate. The maand that was written
 * in Go issued certificates only for 127.0.0.1 and the addresses of workers; such certificates of an imported bucket
 * stay valid.
 */
export function readSubjectAltNames(text: string | undefined): HoldsFor | undefined {
  const names = (text ?? "").split(", ").map((part) => canonical(part.replace(/^(DNS|IP Address):/, "")));
  const divider = names.indexOf(DIVIDER);
  if (names[0] !== LOOPBACK) return undefined;
  const [, ...hosts] = names;
  if (divider < 0)
    return hosts.length > 0 && hosts.every((name) => isIP(name) !== 0) ? { entry: [], hosts } : undefined;
  return { entry: names.slice(1, divider), hosts: names.slice(divider + 1) };
}
