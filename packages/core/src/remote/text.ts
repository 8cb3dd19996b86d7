import { isUtf8 } from "node:buffer";

/** Bytes of the largest text that is kept for diffs, or compared line by line. */
export const LARGEST_TEXT = 1024 * 1024;

/** Bytes as text; undefined when they are none: not UTF-8, or with a zero byte. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0) || !isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
