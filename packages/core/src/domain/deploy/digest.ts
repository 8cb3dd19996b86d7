import { createHash } from "node:crypto";
import type { JobFile } from "../workspace/job.ts";

/** Number of the way a digest is made; stored beside each, so that another way is never taken for a change (decision 7). */
export const DIGEST_SCHEME = 1;

/** SHA-256 of a content, lower-case hex: how contents are named in the store. */
export function contentHash(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The same, and the size, of a content that comes in pieces, so that nothing has to hold all of it. */
export function hashOfPieces(pieces: Iterable<Uint8Array>): { readonly hash: string; readonly size: number } {
  const hash = createHash("sha256");
  let size = 0;
  for (const piece of pieces) {
    hash.update(piece);
    size += piece.byteLength;
  }
  return { hash: hash.digest("hex"), size };
}

/** The same pieces; after the last one the error that `otherwise` gives is thrown if they are not the content of `hash`. */
export function* verified(pieces: Iterable<Uint8Array>, hash: string, otherwise: () => Error): Generator<Uint8Array> {
  const found = createHash("sha256");
  for (const piece of pieces) {
    found.update(piece);
    yield piece;
  }
  if (found.digest("hex") !== hash) throw otherwise();
}

/**
 * The fingerprint of a tree: SHA-256 over its files sorted by path, each as path, executable bit and
 * content hash. Names and modes count (B15); times, owners and empty directories do not.
 */
export function treeDigest(files: readonly Pick<JobFile, "path" | "executable" | "hash">[]): string {
  const hash = createHash("sha256");
  for (const file of [...files].sort(byPath))
    hash.update(`${file.path}\0${file.executable ? "x" : "-"}\0${file.hash}\n`);
  return hash.digest("hex");
}

/** Order of paths by their plain characters, the same on every machine and in every language. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
