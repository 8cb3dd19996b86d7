import { createHash } from "node:crypto";

/** MD5 as the Go program records it: it only tells files apart. */
export function md5(content: Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}
