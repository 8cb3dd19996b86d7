import type { FoundFile, TreeFile } from "@maand/core";
import { md5 } from "../go-store/md5.ts";
import { compareMade, isConfiguration, isMade, isOwn, sourceOf } from "./prometheus-files.ts";

/** A meaningless difference. The files are left unchanged until their job changes. */
export type Meaningless =
  | "permissions"
  | "final newlines of certificates"
  | "layout of YAML for Prometheus"
  | "pages and alerts that maand creates for Prometheus";

/** The kind of files that the Go program created without a source. */
export const OWN: Meaningless = "pages and alerts that maand creates for Prometheus";

/** The input of a comparison. */
export interface Comparison {
  /** The files as they would be rendered. */
  readonly wanted: readonly TreeFile[];
  /** The files on the worker. */
  readonly found: readonly FoundFile[];
  /** MD5 of the last deployed files by path, including sources; undefined if unknown. */
  readonly deployed: ReadonlyMap<string, string> | undefined;
  /** MD5 of the current templates, by path of their source. */
  readonly templates: ReadonlyMap<string, string>;
  /** Whether the version changes with the next deploy. */
  readonly isNewVersion: boolean;
  /**
   * For a job that runs Prometheus, the sources in all jobs that changed since the last build of the Go program, as
   * `<job>/_prometheus/runbooks/down.md`; undefined for other jobs.
   */
  readonly changedSources: ReadonlySet<string> | undefined;
  read(file: TreeFile): Uint8Array;
}

/** The prefix of a file's hash if only its MD5 is known. */
export const BY_MD5 = "md5-";

/** The verdict on a file that is not pending. */
export type Verdict =
  | { readonly accepted: true; readonly means: Meaningless | undefined; readonly why?: never }
  | { readonly accepted: false; readonly why: string };

function accepted(means?: Meaningless): Verdict {
  return { accepted: true, means };
}

function refusal(why: string | undefined): Verdict | undefined {
  return why === undefined ? undefined : { accepted: false, why };
}

const EDITED = "it was changed on the worker since the last deploy";
const DELETED = "it was deleted on the worker since the last deploy";
const OTHERWISE = "it is rendered differently from how the Go program rendered it";
const LEFT_OUT = "the Go program omitted fields of its rules, as it does in files with runbooks";

/** Judges single files of a comparison. */
export class Judge {
  readonly #of: Comparison;

  constructor(of: Comparison) {
    this.#of = of;
  }

  /** Whether two files are the same except for meaningless differences, which are added to `meaningless`. */
  isSame(file: TreeFile, found: FoundFile | undefined, meaningless: Set<Meaningless>): boolean {
    if (!found) return false;
    const isByMd5 = found.hash.startsWith(BY_MD5);
    const isEqual = isByMd5 ? found.md5 === md5(this.#of.read(file)) : found.hash === file.hash;
    if (!isEqual && !this.#isTrimmed(file, found)) return false;
    if (!isEqual) meaningless.add("final newlines of certificates");
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

  /**
   * The verdict on a rendered file; undefined if it is pending, because its template, or other input that it may depend
   * on, changed.
   */
  ofRendered(file: TreeFile, found: FoundFile | undefined, isPending: boolean): Verdict | undefined {
    if (this.#of.changedSources && isMade(file.path)) return this.#ofMade(file, found, isPending);
    return refusal(this.#ofTemplate(file, found, isPending));
  }

  #ofTemplate(file: TreeFile, found: FoundFile | undefined, isPending: boolean): string | undefined {
    const { deployed, templates, isNewVersion } = this.#of;
    const source = `${file.path}.tpl`;
    if (isPending || isNewVersion || deployed === undefined) return undefined;
    if (!deployed.has(file.path) || deployed.get(source) !== templates.get(source)) return undefined;
    if (!found) return DELETED;
    return found.md5 !== undefined && found.md5 !== deployed.get(file.path) ? EDITED : OTHERWISE;
  }

  /** The verdict on a file that both programs create for a Prometheus server. */
  #ofMade(file: TreeFile, found: FoundFile | undefined, isPending: boolean): Verdict | undefined {
    const { deployed, changedSources } = this.#of;
    const before = deployed?.get(file.path);
    if (changedSources?.has(sourceOf(file.path) ?? "")) return undefined;
    if (!found && before === undefined) return isOwn(file.path) ? accepted(OWN) : undefined;
    if (!found) return refusal(DELETED);
    if (found.md5 !== undefined && before !== undefined && found.md5 !== before) return refusal(EDITED);
    if (found.hash.startsWith(BY_MD5)) return accepted(); // compared when its worker is read
    if (!found.content) return refusal(this.#ofTemplate(file, found, isPending));
    const [there, rendered] = [found.content, this.#of.read(file)].map((bytes) => Buffer.from(bytes).toString());
    switch (compareMade(file.path, there ?? "", rendered ?? "")) {
      case "same meaning":
        return accepted("layout of YAML for Prometheus");
      case "own text":
        return accepted(OWN);
      case "fields left out":
        return refusal(LEFT_OUT);
      case "other sources":
        return undefined;
      case "other":
        return isConfiguration(file.path) ? refusal(this.#ofTemplate(file, found, isPending)) : undefined;
    }
  }

  /** Whether files differ only in white space around certificates, which the Go program removed. */
  #isTrimmed(file: TreeFile, found: FoundFile): boolean {
    if (!isCertificate(file.path)) return false;
    const trimmed = Buffer.from(this.#of.read(file)).toString("utf8").trim();
    if (found.content) return Buffer.from(found.content).toString("utf8").trim() === trimmed;
    return found.md5 === md5(Buffer.from(trimmed));
  }
}

export function isCertificate(path: string): boolean {
  return path.startsWith("certs/");
}
