import { varint } from "./write-request.ts";

/** The maximum length of a literal, in bytes, that fits into two bytes. */
const LONGEST = 65_536;

/**
 * The block format of snappy, which remote write requires, with literals only. Every reader accepts this, and a few
 * kilobytes per deploy need no compression.
 */
export function snappy(bytes: Buffer): Buffer {
  const parts = [varint(BigInt(bytes.length))];
  for (let from = 0; from < bytes.length; from += LONGEST) {
    const literal = bytes.subarray(from, from + LONGEST);
    const length = literal.length - 1;
    parts.push(Buffer.from([61 << 2, length & 0xff, length >> 8]), literal);
  }
  return Buffer.concat(parts);
}
