import { contentHash, fileMode, keepExpression, type StageContext } from "@maand/core";

/** Bytes and files up to which trees are small, and the largest file that fits one request with room to spare. */
const ROOM = 1024 * 1024;
const FILES = 2_000;
const LARGEST = 512 * 1024;

/** What a runner is asked to make of a worker's directories: mode and hash by path. */
export interface StageWish {
  readonly jobs: Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>>;
  readonly files: Readonly<Record<string, readonly [number, string]>>;
  readonly keep: readonly string[];
  /** By job, a regular expression of what it made itself and may keep; only jobs that have some. */
  readonly protect: Readonly<Record<string, string>>;
}

/** Trees small enough to be brought by a runner, and their contents by hash. */
export interface SmallTrees {
  readonly wish: StageWish;
  content(hash: string): Uint8Array;
}

/** Undefined when the trees of a stage are many or large: then a program made for that does it better. */
export function smallTrees({ trees, metadata, keep, protect, read }: StageContext): SmallTrees | undefined {
  const files = trees.flatMap((tree) => tree.files);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length > FILES || bytes > ROOM || files.some(({ size }) => size > LARGEST)) return undefined;
  const texts = [...metadata].map(([path, text]) => ({ path, text, hash: contentHash(text) }));
  const byHash = new Map(files.map((file) => [file.hash, file]));
  const textOf = new Map(texts.map(({ hash, text }) => [hash, text]));
  return {
    wish: {
      jobs: byName(trees, ({ job, files: own }) => [
        job,
        byName(own, (file) => [file.path, [fileMode(file), file.hash] as const]),
      ]),
      files: byName(texts, ({ path, hash }) => [path, [0o644, hash] as const]),
      keep,
      protect: byName(
        [...protect].filter(([, patterns]) => patterns.length > 0),
        ([job, patterns]) => [job, keepExpression(patterns)],
      ),
    },
    content(hash) {
      const file = byHash.get(hash);
      if (file) return read(file);
      return Buffer.from(textOf.get(hash) ?? "");
    },
  };
}

function byName<T, V>(items: readonly T[], entry: (item: T) => readonly [string, V]): Record<string, V> {
  return Object.fromEntries(items.map(entry));
}
