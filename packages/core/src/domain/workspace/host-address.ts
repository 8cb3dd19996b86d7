import { isIpv6 } from "./names.ts";

/**
 * The canonical form of an address that names a worker: `WEB1.` becomes `web1`, `2001:DB8:0:0::1` becomes
 * `2001:db8::1`, and `::ffff:10.0.0.1` becomes `10.0.0.1`. Any other string is only converted to lower case.
 */
export function canonicalHost(host: string): string {
  const text = host.trim().toLowerCase();
  if (!isIpv6(text)) return text.length > 1 && text.endsWith(".") ? text.slice(0, -1) : text;
  const address = new URL(`http://[${text}]`).hostname.slice(1, -1);
  return embeddedIpv4(address) ?? address;
}

/** The IPv4 address in `::ffff:a00:1`, the form that dual-stack sockets use. */
function embeddedIpv4(address: string): string | undefined {
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const number = [high, low].map((group) => Number.parseInt(group, 16));
  return number.flatMap((group) => [group >> 8, group & 0xff]).join(".");
}

/** Whether two strings name the same worker. */
export function isSameHost(a: string, b: string): boolean {
  return a === b || canonicalHost(a) === canonicalHost(b);
}
