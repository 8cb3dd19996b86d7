import { shownPath } from "../workspace/names.ts";
import { keepExpression } from "./keep.ts";

/** The paths of a sync, relative to the bucket's directory on a worker, with `/`. */
export interface SyncedPaths {
  readonly files: ReadonlySet<string>;
  /** Directories that must exist for these paths, except those that an operator may replace with a link. */
  readonly directories: ReadonlySet<string>;
  readonly jobs: readonly string[];
  /** Names directly in a job's directory that belong to the job. A sync writes and deletes nothing there. */
  readonly keep: readonly string[];
  /** Patterns, by job, of files that the job created itself. A sync does not delete these files. */
  readonly protect: ReadonlyMap<string, readonly string[]>;
}

/** The paths of a sync of these files, except those under a name that a job keeps for itself. */
export function syncedPaths({
  files,
  jobs,
  keep,
  protect,
}: Omit<SyncedPaths, "files" | "directories"> & { readonly files: Iterable<string> }): SyncedPaths {
  const wanted = [...files].filter((path) => {
    const [, , top] = path.split("/");
    return top === undefined || !path.startsWith("jobs/") || !keep.includes(top);
  });
  const linkable = new Set(["jobs", ...jobs.map((job) => `jobs/${job}`)]);
  const parents = wanted.flatMap(directoriesAbove).filter((path) => !linkable.has(path));
  return { files: new Set(wanted), directories: new Set(parents), jobs, keep, protect };
}

/** The directories that contain a path: `a` and `a/b` for `a/b/c`. */
function directoriesAbove(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, at) => names.slice(0, at + 1).join("/"));
}

/**
 * What a transport found on a worker in the places where a sync will write or delete. Paths are as in {@link
 * SyncedPaths}.
 */
export interface FoundOnWorker {
  /** Links of an operator that do not lead to a directory: at the bucket's directory (`.`), `jobs` or `jobs/<job>`. */
  readonly broken: readonly string[];
  /**
   * The names in each job directory that was reached through a link of an operator and contains no manifest, by path of
   * the directory.
   */
  readonly linked: ReadonlyMap<string, readonly string[]>;
  /** The real paths of the directories in `jobs/`, by path; empty if no link leads there. */
  readonly places: ReadonlyMap<string, string>;
  /** Symbolic links in place of a file or a directory of the sync. */
  readonly links: readonly string[];
  /** Directories in place of a file, each with all paths in it. */
  readonly directories: ReadonlyMap<string, readonly string[]>;
  /** Anything else in place of a directory. */
  readonly others: readonly string[];
  /**
   * Mount points in the directories of the jobs. A mount point that is a directory of the sync has a list of all paths
   * in it; any other has an empty list.
   */
  readonly mounts: ReadonlyMap<string, readonly string[]>;
}

/** Why a sync is refused before it changes anything. */
export interface SyncConflict {
  readonly message: string;
  readonly hint: string;
}

/**
 * Finds things on a worker that a sync would have to delete or write through although maand did not create them. A link
 * at the bucket's directory, `jobs` or `jobs/<job>` is followed, because it leads to the data. A link that `keep` names
 * is followed too. A sync is refused if any other link is in place of a file or directory, or if the sync would delete
 * something in a file system that is mounted in a job's directory.
 */
export function syncConflicts(found: FoundOnWorker, synced: SyncedPaths): SyncConflict[] {
  const kept = keptPaths(synced);
  return [
    ...found.broken.map(brokenLink),
    ...[...found.linked].flatMap(([path, names]) => foreignDirectory(path, names, synced)),
    ...sharedPlaces(found.places, synced.jobs),
    ...found.links.filter((path) => !kept(path)).map((path) => linkInPlace(path, synced)),
    ...[...found.mounts].flatMap(([path, below]) => (kept(path) ? [] : mountInWay(path, below, synced, kept))),
    ...[...found.directories].flatMap(([path, below]) => keptBelow(path, below.filter(kept))),
    ...found.others.filter(kept).map(keptFile),
  ];
}

function brokenLink(path: string): SyncConflict {
  const what = path === "." ? "the bucket's directory" : path;
  return { message: `${what} is a link that does not lead to a directory`, hint: "mount or create its target" };
}

/** Refuses a link to anything but a job's directory, because everything there would be deleted. */
function foreignDirectory(path: string, names: readonly string[], { files, directories, keep }: SyncedPaths) {
  const foreign = names.find(
    (name) => !keep.includes(name) && !files.has(`${path}/${name}`) && !directories.has(`${path}/${name}`),
  );
  if (foreign === undefined) return [];
  return [
    {
      message: `${path} leads to a directory that maand did not create: it contains ${shownPath(foreign)} and no manifest.json`,
      hint: "point the link to an empty directory, or to one that a deploy has filled",
    },
  ];
}

/** Refuses two jobs in one directory, because they would delete each other's files. */
function sharedPlaces(places: ReadonlyMap<string, string>, jobs: readonly string[]): SyncConflict[] {
  return jobs.flatMap((job) => {
    const own = places.get(`jobs/${job}`);
    if (own === undefined) return [];
    const other = [...places].find(([path, place]) => path !== `jobs/${job}` && isBelow(place, own));
    if (!other) return [];
    return [{ message: `jobs/${job} and ${other[0]} lead to the same place`, hint: "point each to its own directory" }];
  });
}

function isBelow(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

function linkInPlace(path: string, { files }: SyncedPaths): SyncConflict {
  const what = files.has(path) ? "file" : "directory";
  return {
    message: `${shownPath(path)} is a symbolic link where a ${what} belongs`,
    hint: "remove the link; links and files that a job creates belong in data/, logs/ or bin/",
  };
}

function mountInWay(
  path: string,
  below: readonly string[],
  { files, directories }: SyncedPaths,
  kept: (path: string) => boolean,
): SyncConflict[] {
  const inTheWay = below.find((entry) => !files.has(entry) && !directories.has(entry) && !kept(entry));
  if (directories.has(path) && inTheWay === undefined) return [];
  const why = directories.has(path)
    ? `contains ${shownPath(inTheWay ?? "")}, which is not among the job's files`
    : files.has(path)
      ? "is where a file belongs"
      : "is not among the job's files";
  return [
    {
      message: `${shownPath(path)} is a mount point and ${why}; nothing is deleted there`,
      hint: `unmount it, mount it under data/, or name it under "keep" in the manifest`,
    },
  ];
}

function keptBelow(path: string, kept: readonly string[]): SyncConflict[] {
  const [first] = kept;
  if (first === undefined) return [];
  return [
    {
      message: `${shownPath(path)} is a directory where a file belongs, but "keep" in its manifest protects ${shownPath(first)}`,
      hint: "move the protected files away, or rename the file",
    },
  ];
}

function keptFile(path: string): SyncConflict {
  return {
    message: `${shownPath(path)} is where a directory belongs, but "keep" in its manifest protects it`,
    hint: "move it away, or rename the directory",
  };
}

/** Returns whether a path belongs to the job: it is under a name that the job keeps, or matches one of its patterns. */
function keptPaths({ keep, protect }: SyncedPaths): (path: string) => boolean {
  const expressions = new Map(
    [...protect].flatMap(([job, patterns]) =>
      patterns.length > 0 ? [[job, new RegExp(keepExpression(patterns), "su")] as const] : [],
    ),
  );
  return (path) => {
    const [, job = "", below = ""] = /^jobs\/([^/]+)\/(.+)$/s.exec(path) ?? [];
    const [top = ""] = below.split("/");
    return keep.includes(top) || (below !== "" && expressions.get(job)?.test(below) === true);
  };
}
