import { createHash } from "node:crypto";

/** MD5, as recorded by the Go program. It only detects changed files. */
export function md5(content: Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}
