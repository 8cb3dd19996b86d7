import { isUtf8 } from "node:buffer";

/** Maximum size, in bytes, of a text that is kept for diffs and compared line by line. */
export const LARGEST_TEXT = 1024 * 1024;

/** Bytes as text; undefined if they are not UTF-8 or contain a zero byte. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0) || !isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
