import type { StageContext } from "@maand/core";
import { contentHash, fileMode, keepExpression } from "@maand/core/toolbox";

/** The maximum bytes and files of small trees, and the largest file that comfortably fits into one request. */
const BYTES = 1024 * 1024;
const FILES = 2_000;
const LARGEST_FILE = 512 * 1024;
/** Maximum bytes of a request: a runner reads lines of at most 1 MiB. */
const REQUEST = 768 * 1024;

/** The largest content that is sent before the worker requests it, and the maximum bytes of all of them. */
const EAGER_FILE = 8 * 1024;
const EAGER = 32 * 1024;

/** Mode, SHA-256 and size of a file. */
type Entry = readonly [number, string, number];

/** The requested state of a worker's directories. */
export interface StageRequest {
  readonly jobs: Readonly<Record<string, Readonly<Record<string, Entry>>>>;
  readonly files: Readonly<Record<string, Entry>>;
  readonly keep: readonly string[];
  /** By job, a regular expression for the files that it creates itself and keeps; only jobs with such files. */
  readonly protect: Readonly<Record<string, string>>;
}

/**
 * Trees that are small enough for a runner, and their contents by hash, read one by one when the runner requests them.
 */
export interface SmallTrees {
  readonly request: StageRequest;
  /**
   * Contents so small that sending them takes less time than the round trip in which the worker would request them;
   * none if there are many.
   */
  readonly eager: ReadonlySet<string>;
  content(hash: string): Uint8Array;
}

/** Undefined if the trees of a stage are many or large: a transport for large trees copies them. */
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
    eager: eagerOf([request.files, ...Object.values(request.jobs)]),
    content(hash) {
      const file = byHash.get(hash);
      return file ? read(file) : (textOf.get(hash) ?? Buffer.alloc(0));
    },
  };
}

function eagerOf(trees: readonly Readonly<Record<string, Entry>>[]): ReadonlySet<string> {
  const sizes = new Map<string, number>();
  for (const tree of trees)
    for (const [, hash, size] of Object.values(tree)) if (size <= EAGER_FILE) sizes.set(hash, size);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return new Set(bytes <= EAGER ? sizes.keys() : []);
}

function isSmall(sizes: readonly number[]): boolean {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.length <= FILES && bytes <= BYTES && sizes.every((size) => size <= LARGEST_FILE);
}

function byName<T, V>(items: readonly T[], entry: (item: T) => readonly [string, V]): Record<string, V> {
  return Object.fromEntries(items.map(entry));
}
