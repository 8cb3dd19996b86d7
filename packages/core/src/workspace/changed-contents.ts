import { error } from "../domain/checks/problem.ts";
import { verified } from "../domain/deploy/digest.ts";
import { isMaandError, type MaandError, problemsError } from "../errors.ts";
import { unreadable } from "../trust/plain-text.ts";
import { filePieces } from "./file-pieces.ts";

/**
 * Contents of the workspace that are not in the store yet, by hash. They are not kept in memory: each is read again
 * from its file and checked against its hash, so a file that was edited in the meantime is detected.
 */
export class ChangedContents {
  readonly #files = new Map<string, { readonly at: string; readonly where: string }>();

  /** `at` is the path of the file, `where` its name in problems. */
  add(hash: string, at: string, where: string): void {
    this.#files.set(hash, { at, where });
  }

  /** Hashes of all contents, in the order they were added. */
  hashes(): Iterable<string> {
    return this.#files.keys();
  }

  /** The whole content of a small file; undefined if the content is not among these. Throws PROBLEMS. */
  read(hash: string): Uint8Array | undefined {
    return this.#files.has(hash) ? Buffer.concat([...this.pieces(hash)]) : undefined;
  }

  /** The content in pieces. Throws PROBLEMS, at the latest at the end, if it is not the listed content. */
  *pieces(hash: string): Generator<Uint8Array> {
    const file = this.#files.get(hash);
    if (!file) return;
    try {
      yield* verified(filePieces(file.at), hash, () => changed(file.where));
    } catch (cause) {
      throw isMaandError(cause) ? cause : failure(cause, file.where);
    }
  }
}

function failure(cause: unknown, where: string): MaandError {
  const reason = unreadable(cause);
  return reason ? problemsError([error("invalid_file", where, reason.message, reason.hint)]) : changed(where);
}

function changed(where: string): MaandError {
  return problemsError([error("changed_meanwhile", where, "was changed while being read", "run maand build again")]);
}
