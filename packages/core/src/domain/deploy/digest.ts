import { createHash } from "node:crypto";
import type { JobFile } from "../workspace/job.ts";
import { accessFields, type FileAccess } from "./file-access.ts";

/** The properties of a file that its digest covers. */
export type DigestedFile = Pick<JobFile, "path" | "executable" | "hash"> & { readonly access?: FileAccess };

/**
 * The version of the digest algorithm of a tree, stored with its digest. Algorithm 1 covers path, executable bit and
 * content of each file. Algorithm 2 also covers mode, owner and group of the files for which they are set; a tree
 * without such files keeps its digest of algorithm 1.
 */
export function digestScheme(files: readonly Pick<DigestedFile, "access">[]): 1 | 2 {
  return files.some(({ access }) => access !== undefined) ? 2 : 1;
}

/** SHA-256 of content in lower-case hex, which is the name of the content in the store. */
export function contentHash(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The hash and size of content that is read in pieces, so the whole content is never in memory. */
export function hashOfPieces(pieces: Iterable<Uint8Array>): { readonly hash: string; readonly size: number } {
  const hash = createHash("sha256");
  let size = 0;
  for (const piece of pieces) {
    hash.update(piece);
    size += piece.byteLength;
  }
  return { hash: hash.digest("hex"), size };
}

/**
 * Passes the pieces through. After the last piece, throws the error that `otherwise` returns if the content does not
 * match `hash`.
 */
export function* verified(pieces: Iterable<Uint8Array>, hash: string, otherwise: () => Error): Generator<Uint8Array> {
  const found = createHash("sha256");
  for (const piece of pieces) {
    found.update(piece);
    yield piece;
  }
  if (found.digest("hex") !== hash) throw otherwise();
}

/**
 * The digest of a tree: SHA-256 over its files, sorted by path. Each file contributes its path, executable bit and
 * content hash, and the mode, owner and group that are set for it. Times and empty directories do not count.
 */
export function treeDigest(files: readonly DigestedFile[]): string {
  const hash = createHash("sha256");
  for (const file of [...files].sort(byPath)) {
    const fields = [file.path, file.executable ? "x" : "-", file.hash, ...accessFields(file.access)];
    hash.update(`${fields.join("\0")}\n`);
  }
  return hash.digest("hex");
}

/** Orders paths by code units: the order is the same on every machine and in every locale. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
