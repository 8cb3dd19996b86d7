import { createHash } from "node:crypto";
import { reachesWorker } from "../../domain/workspace/job.ts";
import type { TreeFile } from "../../plugin-api/contexts.ts";
import type { FoundFile } from "../../plugin-api/inventory-context.ts";
import type { ListedFile } from "../../store/promoted-rows.ts";

/** A difference without meaning. The files stay as they are until their job changes. */
export type Meaningless = "permissions" | "final line ends of certificates";

/** A file on a worker that is not what would be rendered, although nothing changed since the last deploy. */
export interface Refusal {
  readonly path: string;
  readonly why: string;
  /** The file on the worker; undefined if it is not there, or only its MD5 is known. */
  readonly found: FoundFile | undefined;
  /** The file as it would be; undefined if there would be none. */
  readonly wanted: TreeFile | undefined;
}

/** What a worker has of an allocation, held against what it should have. */
export interface Compared {
  /** The files to record as promoted. */
  readonly baseline: readonly (TreeFile | ListedFile)[];
  readonly meaningless: ReadonlySet<Meaningless>;
  /** Paths that changed since the last deploy: the next one brings them. */
  readonly pending: readonly string[];
  readonly refusals: readonly Refusal[];
}

/** What is compared. */
export interface Comparison {
  /** The files as they would be rendered. */
  readonly wanted: readonly TreeFile[];
  /** The files on the worker. */
  readonly found: readonly FoundFile[];
  /** MD5 of the files of the last deploy by path, sources included; undefined if that is not known. */
  readonly deployed: ReadonlyMap<string, string> | undefined;
  /** MD5 of the templates of today, by path of their source. */
  readonly templates: ReadonlyMap<string, string>;
  /** The version changes with the next deploy. */
  readonly isNewVersion: boolean;
  /** The job is a Prometheus server, for which the Go program made files that are in no workspace. */
  readonly isPrometheus: boolean;
  read(file: TreeFile): Uint8Array;
}

/** Directories of the files that the Go program made for a Prometheus server. */
const GENERATED = /^(rules|consoles)\//;

/** The beginning of the hash of a file of which only the MD5 is known. */
export const BY_MD5 = "md5-";

/**
 * Compares the files of an allocation. A file of the workspace that changed since the last deploy is pending. A rendered file
 * that differs although its template is the same is refused: maand renders it otherwise than the Go program did.
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
    if (comparison.isPrometheus && GENERATED.test(file.path)) refuse(file.path, MADE, file, undefined);
    else take(undefined, file, undefined);
  }
  for (const file of rendered) {
    const other = there.get(file.path);
    take(file, other, judge.ofRendered(file, other, result.pending.length > 0));
  }
  return { ...result, baseline };

  /** A pending file is recorded as it is on the worker, so that the next deploy sees it change. */
  function take(file: TreeFile | undefined, other: FoundFile | undefined, why: string | undefined): void {
    const path = file?.path ?? other?.path ?? "";
    if (why !== undefined) {
      refuse(path, why, other, file);
      return;
    }
    result.pending.push(path);
    if (other) baseline.push(asFound(other, file));
  }

  function refuse(path: string, why: string, other: FoundFile | undefined, file: TreeFile | undefined): void {
    result.refusals.push({ path, why, found: other, wanted: file });
    if (file) baseline.push(file);
  }
}

const MADE = "the Go maand made it, and this one makes other files";
const EDITED = "it was changed on the worker since the last deploy";
const DELETED = "it was deleted on the worker since the last deploy";
const OTHERWISE = "it is rendered otherwise than the Go maand rendered it";

/** Judges single files of a comparison. */
class Judge {
  readonly #of: Comparison;

  constructor(of: Comparison) {
    this.#of = of;
  }

  /** Whether two files are the same but for what means nothing, which is added to `meaningless`. */
  isSame(file: TreeFile, found: FoundFile | undefined, meaningless: Set<Meaningless>): boolean {
    if (!found) return false;
    const isByMd5 = found.hash.startsWith(BY_MD5);
    const isEqual = isByMd5 ? found.md5 === md5(this.#of.read(file)) : found.hash === file.hash;
    if (!isEqual && !this.#isTrimmed(file, found)) return false;
    if (!isEqual) meaningless.add("final line ends of certificates");
    if (!isByMd5 && ((found.mode & 0o111) !== 0) !== file.executable) meaningless.add("permissions");
    return true;
  }

  /** Why a file that is not rendered is refused; undefined if it is pending. */
  ofStatic(file: TreeFile, found: FoundFile | undefined): string | undefined {
    const before = this.#of.deployed?.get(file.path);
    if (before === undefined) return undefined;
    if (!found) return DELETED;
    const isEdited = found.md5 !== undefined && found.md5 !== before;
    const isUnchanged = isCertificate(file.path) || md5(this.#of.read(file)) === before;
    return isEdited && isUnchanged ? EDITED : undefined;
  }

  /** Why a rendered file is refused; undefined if its template, or something it may be rendered from, changed. */
  ofRendered(file: TreeFile, found: FoundFile | undefined, isPending: boolean): string | undefined {
    const { deployed, templates, isNewVersion } = this.#of;
    const source = `${file.path}.tpl`;
    if (isPending || isNewVersion || deployed === undefined) return undefined;
    if (!deployed.has(file.path) || deployed.get(source) !== templates.get(source)) return undefined;
    if (!found) return DELETED;
    return found.md5 !== undefined && found.md5 !== deployed.get(file.path) ? EDITED : OTHERWISE;
  }

  /** The Go program cut the white space around certificates. */
  #isTrimmed(file: TreeFile, found: FoundFile): boolean {
    if (!isCertificate(file.path)) return false;
    const trimmed = Buffer.from(this.#of.read(file)).toString("utf8").trim();
    if (found.content) return Buffer.from(found.content).toString("utf8").trim() === trimmed;
    return found.md5 === md5(Buffer.from(trimmed));
  }
}

function isCertificate(path: string): boolean {
  return path.startsWith("certs/");
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

/** The files of a worker that does not answer, as the Go program recorded them. */
export function asRecorded(deployed: ReadonlyMap<string, string> | undefined): FoundFile[] {
  return [...(deployed ?? [])]
    .filter(([path]) => reachesWorker(path))
    .map(([path, sum]) => ({ path, hash: `${BY_MD5}${sum}`, md5: sum, size: 0, mode: 0o644 }));
}

/** MD5 as the Go program records it: it only tells files apart. */
export function md5(content: Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}
