import type { FoundFile, TreeFile } from "@maand/core";
import { reachesWorker } from "@maand/core/internal";
import type { ListedFile } from "@maand/core/operator";
import { BY_MD5, type Comparison, isCertificate, Judge, type Meaningless, OWN } from "./judge.ts";
import { isOwn } from "./prometheus-files.ts";

/** A file on a worker that differs from the rendered file, although nothing changed since the last deploy. */
export interface Refusal {
  readonly path: string;
  readonly why: string;
  /** The file on the worker; undefined if it is missing, or if only its MD5 is known. */
  readonly found: FoundFile | undefined;
  /** The file that would be rendered; undefined if no file would be rendered. */
  readonly wanted: TreeFile | undefined;
}

/** The files of an allocation on its worker, compared with the files that it should have. */
export interface Compared {
  /** The files to record as promoted. */
  readonly baseline: readonly (TreeFile | ListedFile)[];
  readonly meaningless: ReadonlySet<Meaningless>;
  /** Paths that changed since the last deploy. The next deploy syncs them. */
  readonly pending: readonly string[];
  readonly refusals: readonly Refusal[];
}

/**
 * Compares the files of an allocation. A file of the workspace that changed since the last deploy is pending. A
 * rendered file that differs although its template is the same is refused, because maand renders it differently from
 * the Go program.
 */
export function compare(comparison: Comparison): Compared {
  const { wanted, found } = comparison;
  const result = { meaningless: new Set<Meaningless>(), pending: [] as string[], refusals: [] as Refusal[] };
  const there = new Map(found.map((file) => [file.path, file]));
  const judge = new Judge(comparison);
  const baseline: (TreeFile | ListedFile)[] = [];
  const rendered: TreeFile[] = [];
  for (const file of wanted) {
    const other = there.get(file.path);
    if (judge.isSame(file, other, result.meaningless)) baseline.push(file);
    else if (file.content !== undefined && !isCertificate(file.path)) rendered.push(file);
    else take(file, other, judge.ofStatic(file, other));
  }
  const paths = new Set(wanted.map(({ path }) => path));
  const gone = found.filter(({ path }) => !paths.has(path));
  for (const file of gone.filter(({ path }) => comparison.deployed?.has(path))) {
    if (comparison.changedSources && isOwn(file.path)) result.meaningless.add(OWN);
    else take(undefined, file, undefined);
  }
  for (const file of rendered) {
    const other = there.get(file.path);
    const verdict = judge.ofRendered(file, other, result.pending.length > 0);
    if (verdict?.accepted) accept(file, verdict.means);
    else take(file, other, verdict?.why);
  }
  return { ...result, baseline };

  /** A pending file is recorded with its content on the worker, so that the next deploy detects the change. */
  function take(file: TreeFile | undefined, other: FoundFile | undefined, why: string | undefined): void {
    const path = file?.path ?? other?.path ?? "";
    if (why !== undefined) {
      refuse(path, why, other, file);
      return;
    }
    result.pending.push(path);
    if (other) baseline.push(asFound(other, file));
  }

  function accept(file: TreeFile, means: Meaningless | undefined): void {
    if (means !== undefined) result.meaningless.add(means);
    baseline.push(file);
  }

  function refuse(path: string, why: string, other: FoundFile | undefined, file: TreeFile | undefined): void {
    result.refusals.push({ path, why, found: other, wanted: file });
    if (file) baseline.push(file);
  }
}

function asFound(found: FoundFile, wanted: TreeFile | undefined): ListedFile {
  const { path, hash, size } = found;
  const executable = wanted?.executable ?? (found.mode & 0o111) !== 0;
  const access = wanted?.access;
  const secret = wanted?.secret;
  return {
    path,
    hash,
    size,
    executable,
    ...(access === undefined ? {} : { access }),
    ...(secret === undefined ? {} : { secret }),
  };
}

/** The files of an unreachable worker, as recorded by the Go program. */
export function asRecorded(deployed: ReadonlyMap<string, string> | undefined): FoundFile[] {
  return [...(deployed ?? [])]
    .filter(([path]) => reachesWorker(path))
    .map(([path, sum]) => ({ path, hash: `${BY_MD5}${sum}`, md5: sum, size: 0, mode: 0o644 }));
}
