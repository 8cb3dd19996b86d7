import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Bytes of the largest piece a content is read, stored and written in. */
export const PIECE_BYTES = 1024 * 1024;

/** A file's content piece by piece, so that a file of any size takes the memory of one piece. */
export function* filePieces(path: string): Generator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    for (let at = 0; ; ) {
      // one byte more than is left, so that the end of a small file shows without another read
      const left = at < size ? size - at + 1 : PIECE_BYTES;
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, left));
      const length = readSync(file, piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
      if (length < piece.length && at + length >= size) return;
      at += length;
    }
  } finally {
    closeSync(file);
  }
}
