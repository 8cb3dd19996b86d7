import { hash } from "node:crypto";

/**
 * The UUID of a name, the same in every build and bucket. The UUID is the MD5 of the name with version and variant bits
 * set. MD5 serves only to distribute names here, and not for security.
 */
export function nameUuid(name: string): string {
  const hex = hash("md5", name); // no conversion to bytes, which would double the time
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-3${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The id of a job's allocation on a worker. */
export function allocationId(job: string, host: string): string {
  return nameUuid(`${job}|${host}`);
}
