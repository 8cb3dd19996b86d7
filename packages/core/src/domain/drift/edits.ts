import type { FileChange } from "../deploy/changed-files.ts";
import type { FileDrift } from "./compare-files.ts";

/** Changes that were made to an allocation on its worker and that a deploy repairs. */
export interface Edits {
  /** The changes that the repair makes to the files on the worker. */
  readonly files: readonly FileChange[];
  /** The differences in words: `changed conf/app.conf, missing Makefile`. */
  readonly text: string;
  /** Whether only files are synced, without a lifecycle command. */
  readonly syncOnly: boolean;
  /** Whether the worker lost the files of the bucket, and the processes that ran from them. */
  readonly isLost: boolean;
}

/** The maximum number of paths that are named. */
const NAMED = 4;

/** Differences in words, at most four by name. */
export function driftText(drift: readonly FileDrift[]): string {
  const named = drift.slice(0, NAMED).map(({ path, change }) => `${CHANGE_WORDS[change]} ${path}`);
  const more = drift.length > NAMED ? ` and ${drift.length - NAMED} more` : "";
  return `${named.join(", ")}${more}`;
}

/** The words before the path of a file that differs: `missing conf/app.conf`. */
export const CHANGE_WORDS: Readonly<Record<FileDrift["change"], string>> = {
  changed: "changed",
  missing: "missing",
  added: "added",
  replaced: "replaced",
  mode: "access of",
  unread: "unreadable",
};
