import { createHash } from "node:crypto";
import type { JobFile } from "../workspace/job.ts";

/**
 * The number of the digest algorithm. It is stored with each digest, so that a new algorithm does not look like a change of
 * the files.
 */
export const DIGEST_SCHEME = 1;

/** SHA-256 of a content in lower-case hex: the name of the content in the store. */
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
 * The digest of a tree: SHA-256 over its files sorted by path, each as path, executable bit and content hash. Names and
 * modes count; times, owners and empty directories do not.
 */
export function treeDigest(files: readonly Pick<JobFile, "path" | "executable" | "hash">[]): string {
  const hash = createHash("sha256");
  for (const file of [...files].sort(byPath))
    hash.update(`${file.path}\0${file.executable ? "x" : "-"}\0${file.hash}\n`);
  return hash.digest("hex");
}

/** Orders paths by code units, the same on every machine and in every locale. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
