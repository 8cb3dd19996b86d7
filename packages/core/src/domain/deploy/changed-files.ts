import type { DigestedFile } from "./digest.ts";
import { accessChange, sameAccess } from "./file-access.ts";

/** One difference between two trees. */
export interface FileChange {
  readonly path: string;
  readonly change: "added" | "modified" | "deleted";
  /** How its mode, owner or group changes, such as `mode 0644 -> 0600`. */
  readonly access?: string;
}

/** `2 files changed: Makefile, conf/a.conf`, at most four by name. */
export function filesReason(files: readonly FileChange[]): string {
  const named = files.slice(0, 4).map(namedChange);
  const more = files.length > 4 ? ` and ${files.length - 4} more` : "";
  return `${files.length} ${files.length === 1 ? "file" : "files"} changed: ${named.join(", ")}${more}`;
}

function namedChange({ path, change, access }: FileChange): string {
  if (change !== "modified") return `${path} (${change})`;
  return access === undefined ? path : `${path} (${access})`;
}

type ListedFile = DigestedFile & { readonly mode?: number };

/** The files that differ between two trees, sorted by path; a changed mode, owner or group is a modification. */
export function changedFiles(before: readonly ListedFile[], now: readonly ListedFile[]): FileChange[] {
  const old = new Map(before.map((file) => [file.path, file]));
  const changes: FileChange[] = [];
  for (const file of now) {
    const was = old.get(file.path);
    old.delete(file.path);
    if (!was) changes.push({ path: file.path, change: "added" });
    else if (!sameAccess(was.access, file.access))
      changes.push({ path: file.path, change: "modified", ...changedAccess(was, file) });
    else if (was.hash !== file.hash || was.executable !== file.executable)
      changes.push({ path: file.path, change: "modified" });
  }
  for (const path of old.keys()) changes.push({ path, change: "deleted" });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Empty if the new rules require the mode, owner and group that the file already has. */
function changedAccess(was: ListedFile, file: ListedFile): Pick<FileChange, "access"> {
  const access = accessChange(was, file);
  return access === "" ? {} : { access };
}
