import { closeSync, fstatSync, readSync } from "node:fs";
import { openPlain } from "../trust/plain-text.ts";

/** The maximum size in bytes of the pieces in which content is read, stored and written. */
export const PIECE_BYTES = 1024 * 1024;

/** A file's content in pieces. A file of any size needs only the memory of one piece. */
export function* filePieces(path: string): Generator<Uint8Array> {
  const file = openPlain(path);
  try {
    const { size } = fstatSync(file);
    for (let at = 0; ; ) {
      // one byte more than remains, so that a single read reaches the end of a small file
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
