import { createHash } from "node:crypto";

/**
 * The UUID of a name, the same in every build and bucket: its MD5 with version and variant bits set. MD5 only distributes
 * names here; it protects nothing.
 */
export function nameUuid(name: string): string {
  const bytes = createHash("md5").update(name).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x30, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Id of a job's allocation on a worker. */
export function allocationId(job: string, host: string): string {
  return nameUuid(`${job}|${host}`);
}
