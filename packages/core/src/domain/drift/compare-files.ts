import type { FileChange } from "../deploy/changed-files.ts";
import { byPath, type DigestedFile } from "../deploy/digest.ts";
import { type AccessedFile, fileMode, modeText } from "../deploy/file-access.ts";
import type { InspectedFile, InspectedJob, InspectedOther } from "./inspected.ts";

/**
 * How a path on a worker differs from the file that was synced. `replaced`: the path is no longer a file; `mode`: only
 * the mode, owner or group differs; `unread`: the path could not be read.
 */
export type FileDifference = "changed" | "missing" | "added" | "replaced" | "mode" | "unread";

/** One difference between the files on a worker and the synced files. */
export interface FileDrift {
  /** Relative to the job's directory. */
  readonly path: string;
  readonly change: FileDifference;
  /** What is in place of the file, how its mode, owner or group differs, or why the path could not be read. */
  readonly detail?: string;
  /** The target of the link, if the path is now a link. */
  readonly link?: string;
}

/** A file as it was synced. */
export type ExpectedFile = DigestedFile & AccessedFile & { readonly size?: number };

/** The ids of users and groups on a worker, by name. */
export interface AccountNumbers {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}

/**
 * Compares the files of a job on a worker with the files that were synced. Returns the differences, sorted by path.
 * Files in a directory that was replaced or cannot be read are omitted. The owner or group of a file is compared only
 * if the manifest sets it.
 */
export function compareFiles(
  expected: readonly ExpectedFile[],
  found: InspectedJob,
  accounts: AccountNumbers,
): FileDrift[] {
  const files = new Map(found.files.map((file) => [file.path, file]));
  const others = new Map(found.others.map((other) => [other.path, other]));
  const unread = new Map(found.unread.map(({ path, reason }) => [path, reason]));
  const wanted = new Set(expected.map(({ path }) => path));
  const above = new Set([...wanted].flatMap(directoriesAbove));
  const drift: FileDrift[] = [];
  const hidden = new Set([...others.keys(), ...unread.keys()].filter((path) => above.has(path)));
  for (const file of expected) {
    const there = files.get(file.path);
    if (there) drift.push(...compareFile(file, there, accounts));
    else if (
      !others.has(file.path) &&
      !unread.has(file.path) &&
      !directoriesAbove(file.path).some((at) => hidden.has(at))
    )
      drift.push({ path: file.path, change: "missing" });
  }
  for (const other of found.others) drift.push(compareOther(other, wanted.has(other.path) || above.has(other.path)));
  for (const [path, reason] of unread) drift.push({ path: path === "" ? "." : path, change: "unread", detail: reason });
  return drift.sort(byPath);
}

/** The directories that contain a path: `a` and `a/b` for `a/b/c`. */
function directoriesAbove(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, at) => names.slice(0, at + 1).join("/"));
}

function compareFile(file: ExpectedFile, there: InspectedFile, accounts: AccountNumbers): FileDrift[] {
  const access = accessDetail(file, there, accounts);
  const detail = access === "" ? {} : { detail: access };
  if (there.hash !== file.hash) return [{ path: file.path, change: "changed", ...detail }];
  return access === "" ? [] : [{ path: file.path, change: "mode", ...detail }];
}

function accessDetail(file: ExpectedFile, there: InspectedFile, { users, groups }: AccountNumbers): string {
  const mode = fileMode(file);
  const { owner, group } = file.access ?? {};
  return [
    ...(mode === there.mode ? [] : [`mode ${modeText(mode)} -> ${modeText(there.mode)}`]),
    ...ownerDetail("owner", owner, users, there.uid),
    ...ownerDetail("group", group, groups, there.gid),
  ].join(", ");
}

function ownerDetail(
  what: string,
  name: string | undefined,
  ids: ReadonlyMap<string, number>,
  found: number | undefined,
): string[] {
  return name === undefined || ids.get(name) === found ? [] : [`${what} ${name} -> ${found ?? "unknown"}`];
}

function compareOther({ path, kind, target }: InspectedOther, isInPlace: boolean): FileDrift {
  const link = kind === "link" && target !== undefined ? { link: target } : {};
  const what = kind === "link" && target !== undefined ? `a link to ${target}` : KINDS[kind];
  if (isInPlace) return { path, change: "replaced", detail: what, ...link };
  return { path, change: "added", ...(kind === "file" ? {} : { detail: what }), ...link };
}

const KINDS: Readonly<Record<InspectedOther["kind"], string>> = {
  file: "a file",
  directory: "a directory",
  link: "a link",
  special: "a device, socket or pipe",
};

/**
 * The changes that a repair makes to the files on the worker. `access` shows the difference as {@link FileDrift} does:
 * from the file that was synced to the file on the worker.
 */
export function repairChanges(drift: readonly FileDrift[], expected: readonly ExpectedFile[]): FileChange[] {
  return drift
    .flatMap(({ path, change, detail }): FileChange[] => {
      switch (change) {
        case "missing":
          return [{ path, change: "added" }];
        case "added":
          return [{ path, change: "deleted" }];
        case "mode":
          return [{ path, change: "modified", ...(detail === undefined ? {} : { access: detail }) }];
        case "replaced": {
          const below = expected.filter((file) => file.path === path || file.path.startsWith(`${path}/`));
          return below.map((file) => ({ path: file.path, change: "modified" }));
        }
        default:
          return [{ path, change: "modified" }];
      }
    })
    .sort(byPath);
}

/** A key that is the same in every run, so that a deploy recognizes a difference that returns after a repair. */
export function driftKey(drift: readonly FileDrift[]): string {
  return drift.map(({ path, change }) => `${change} ${path}`).join("\n");
}
