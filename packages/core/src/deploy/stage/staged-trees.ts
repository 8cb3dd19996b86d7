import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DigestedFile, hashOfPieces, treeDigest } from "../../domain/deploy/digest.ts";
import { fileMode } from "../../domain/deploy/file-access.ts";
import { MaandError } from "../../errors.ts";
import type { Tree, TreeFile } from "../../plugin-api/contexts.ts";
import { filePieces } from "../../workspace/file-pieces.ts";

/**
 * Trees written to the local disk, so that a transport can send them. Files that a job has on every worker are written
 * once; only rendered files are written per worker. The trees are private to the run.
 */
export class StagedTrees {
  readonly #root: string;
  readonly #pieces: (file: TreeFile) => Iterable<Uint8Array>;
  /** Static trees by directory: the written files, as read back from disk. */
  readonly #shared = new Map<string, readonly StagedFile[]>();

  /** `pieces` returns the content of a file that was not rendered. */
  constructor(root: string, pieces: (file: TreeFile) => Iterable<Uint8Array>) {
    this.#root = root;
    this.#pieces = pieces;
  }

  /**
   * Writes the missing files of one worker. Returns the directories to merge, the worker's own first. Each tree is read
   * back and compared with its planned digest before any sync reads it. Throws TREE_CHANGED.
   */
  write(
    host: string,
    trees: readonly { readonly job: string; readonly tree: Tree; readonly digest: string }[],
    metadata: ReadonlyMap<string, string>,
  ): string[] {
    const own = join(this.#root, "workers", host);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    for (const [name, text] of metadata) writeFile(join(own, name), [Buffer.from(text)], 0o644);
    const shared = trees.map(({ job, tree, digest }) => {
      const overlay = tree.files.filter((file) => file.content !== undefined);
      for (const file of overlay)
        writeFile(join(own, "jobs", job, file.path), [file.content ?? new Uint8Array()], fileMode(file));
      const common = this.#writeShared(
        job,
        tree.files.filter((file) => file.content === undefined),
      );
      const found = [...common.files, ...listTree(join(own, "jobs", job))];
      if (!isStaged(tree, found, digest)) throw changed(job, host);
      return common.directory;
    });
    return [own, ...new Set(shared)];
  }

  #writeShared(
    job: string,
    files: readonly TreeFile[],
  ): { readonly directory: string; readonly files: readonly StagedFile[] } {
    const directory = join(this.#root, "shared", `${job}-${treeDigest(files)}`);
    const known = this.#shared.get(directory);
    if (known) return { directory, files: known };
    const place = join(directory, "jobs", job);
    mkdirSync(place, { recursive: true, mode: 0o755 });
    for (const file of files) writeFile(join(place, file.path), this.#pieces(file), fileMode(file));
    const found = listTree(place);
    this.#shared.set(directory, found);
    return { directory, files: found };
  }
}

/** Sets modes in a separate step, because the umask of the maand process must not affect the workers. */
function writeFile(path: string, pieces: Iterable<Uint8Array>, mode: number): void {
  makeDirectory(dirname(path));
  const file = openSync(path, "w", 0o600);
  try {
    for (const piece of pieces) writeFileSync(file, piece);
  } finally {
    closeSync(file);
  }
  chmodSync(path, mode);
}

function makeDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) chmodSync(at, 0o755);
}

/** A file as it is on disk. */
interface StagedFile extends DigestedFile {
  readonly mode: number;
}

/** Whether the directory matches a tree: every file with its mode, and the digest with the requested access. */
function isStaged({ files }: Tree, found: readonly StagedFile[], digest: string): boolean {
  const wanted = new Map(files.map((file) => [file.path, file]));
  const asWanted = found.flatMap(({ mode, ...file }) => {
    const planned = wanted.get(file.path);
    if (!planned || fileMode(planned) !== mode) return [];
    return planned.access ? [{ ...file, access: planned.access }] : [file];
  });
  return asWanted.length === found.length && treeDigest(asWanted) === digest;
}

/** Returns all files in a directory tree as they are on disk; none if the directory is missing. */
function listTree(directory: string): StagedFile[] {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (!stats) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const at = join(entry.parentPath, entry.name);
      const mode = statSync(at).mode & 0o777;
      const { hash } = hashOfPieces(filePieces(at));
      return { path: at.slice(directory.length + 1), hash, executable: (mode & 0o111) !== 0, mode };
    });
}

function changed(job: string, host: string): MaandError {
  return new MaandError({
    code: "TREE_CHANGED",
    message: `the staged files of ${job} for ${host} are not the planned ones; nothing was sent`,
    hint: "another program wrote to the bucket's tmp directory, or the disk is full; deploy again",
    worker: host,
  });
}
