import type { StageContext } from "@maand/core";
import { contentHash, fileMode, keepExpression } from "@maand/core/internal";

/** Bytes and files up to which trees are small, and the largest file that fits one request with room to spare. */
const BYTES = 1024 * 1024;
const FILES = 2_000;
const LARGEST_FILE = 512 * 1024;
/** Bytes of a request: a runner reads no longer line than 1 MiB. */
const REQUEST = 768 * 1024;

/** Mode, SHA-256 and size of a file. */
type Entry = readonly [number, string, number];

/** What a runner makes of a worker's directories. */
export interface StageRequest {
  readonly jobs: Readonly<Record<string, Readonly<Record<string, Entry>>>>;
  readonly files: Readonly<Record<string, Entry>>;
  readonly keep: readonly string[];
  /** By job, a regular expression of what it made itself and keeps; only jobs that have some. */
  readonly protect: Readonly<Record<string, string>>;
}

/** Trees small enough for a runner, and their contents by hash, read one by one on request of the runner. */
export interface SmallTrees {
  readonly request: StageRequest;
  content(hash: string): Uint8Array;
}

/** Undefined when the trees of a stage are many or large: they are left to a program made for that. */
export function smallTrees({ trees, metadata, keep, protect, read }: StageContext): SmallTrees | undefined {
  const files = trees.flatMap((tree) => tree.files);
  const texts = [...metadata].map(([path, text]) => ({ path, bytes: Buffer.from(text), hash: contentHash(text) }));
  if (!isSmall([...files.map(({ size }) => size), ...texts.map(({ bytes }) => bytes.length)])) return undefined;
  const byHash = new Map(files.map((file) => [file.hash, file]));
  const textOf = new Map(texts.map(({ hash, bytes }) => [hash, bytes]));
  const request = {
    jobs: byName(trees, ({ job, files: own }) => [
      job,
      byName(own, (file) => [file.path, [fileMode(file), file.hash, file.size] as const]),
    ]),
    files: byName(texts, ({ path, hash, bytes }) => [path, [0o644, hash, bytes.length] as const]),
    keep,
    protect: byName(
      [...protect].filter(([, patterns]) => patterns.length > 0),
      ([job, patterns]) => [job, keepExpression(patterns)],
    ),
  };
  if (Buffer.byteLength(JSON.stringify(request)) > REQUEST) return undefined;
  return {
    request,
    content(hash) {
      const file = byHash.get(hash);
      return file ? read(file) : (textOf.get(hash) ?? Buffer.alloc(0));
    },
  };
}

function isSmall(sizes: readonly number[]): boolean {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.length <= FILES && bytes <= BYTES && sizes.every((size) => size <= LARGEST_FILE);
}

function byName<T, V>(items: readonly T[], entry: (item: T) => readonly [string, V]): Record<string, V> {
  return Object.fromEntries(items.map(entry));
}
