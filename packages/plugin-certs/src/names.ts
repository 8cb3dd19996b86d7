import { isIP } from "node:net";

/** The names and addresses of a certificate, in their order. */
export interface HoldsFor {
  /** The names in the manifest, for any worker. */
  readonly entry: readonly string[];
  /** Workers. */
  readonly hosts: readonly string[];
}

/**
 * Between the names of the entry and those of workers stands `localhost`: so the certificate itself shows which is which,
 * and nothing else has to be recorded.
 */
const LOOPBACK = "127.0.0.1";
const DIVIDER = "localhost";

const LABEL = /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;

/** Whether a text is an address or a DNS name, perhaps with `*` in front or `_` in it, as certificates are made out to. */
export function isCertifiable(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes("%");
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return text
    .replace(/^\*\./, "")
    .split(".")
    .every((label) => LABEL.test(label));
}

/** One form for each name: what differs is another name. */
export function canonical(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase();
}

/** What a certificate made out for these names holds for. */
export function holdsFor(altNames: readonly string[], hosts: readonly string[]): HoldsFor {
  const entry = [...new Set(altNames.map(canonical))].filter((name) => name !== LOOPBACK && name !== DIVIDER);
  const taken = new Set([LOOPBACK, DIVIDER, ...entry]);
  return { entry, hosts: [...new Set(hosts.map(canonical))].filter((host) => !taken.has(host)) };
}

/** The names as they are written into a certificate. */
export function subjectAltNames({ entry, hosts }: HoldsFor): { type: "dns" | "ip"; value: string }[] {
  const names = [LOOPBACK, ...entry, DIVIDER, ...hosts];
  return names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }));
}

/**
 * Reads them back from what `X509Certificate.subjectAltName` says; undefined if it was not made here. The maand that was written in
 * Go made certificates out to 127.0.0.1 and the addresses of workers alone: those of a bucket that was imported stay valid.
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
