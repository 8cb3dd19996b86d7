import type { InspectContext, InspectedJob, Inspection } from "@maand/core";

/**
 * The size of the largest file to hash, in bytes. The inspection program handles larger files, because it caches
 * hashes.
 */
const MAX_FILE_BYTES = 64 * 1024 - 1;
/** The maximum size of all paths, in bytes. sshd passes a command as one argument, which Linux limits to 128 KiB. */
const MAX_PATH_BYTES = 48 * 1024;
/** Names without characters that are special to `sh`, or to `find` in a pattern. */
const PLAIN = /^[A-Za-z0-9_.+-]+$/;

/** Checks whether the files on a worker are exactly as expected. */
export interface QuickCheck {
  /** Two arguments of {@link QUICK_SCRIPT}: the directories in which find starts, and the paths that it skips. */
  readonly words: readonly string[];
  /** Files to hash. */
  readonly paths: readonly string[];
  /** The number of bytes that the script prints if everything is as expected. Output of the login is not included. */
  readonly bytes: number;
  /** The result of the inspection if the check succeeds. */
  readonly inspection: Inspection;
  /** Whether the output of the script shows a worker that is as expected. */
  accepts(output: Buffer): boolean;
}

/** Separates the output of the script from earlier output of the login. */
const BEGIN = "maand-inspect";

/**
 * Lists everything in the jobs' directories (type, mode, path), and then the hashes of the given files. The controller
 * compares the output. This takes one process fewer on each worker than sorting the list there, and two fewer than
 * hashing the complete output there. Starting Python takes several times as long as these programs, and usually nothing
 * differs. If find or sha256sum is not the GNU version, it fails or its output differs, and the inspection program is
 * run.
 */
export const QUICK_SCRIPT = [
  "root=$1 starts=$2 prune=$3; shift 3",
  "set -f",
  "export LC_ALL=C",
  `cd "$root" && printf '${BEGIN}\\0' &&`,
  ' find -H $starts -mindepth 1 \\( $prune \\) -prune -o -printf "%y %m %p\\\\0" && exec sha256sum -z -- "$@"',
].join("\n");

/**
 * Creates the check for a request. Returns undefined if the check could not decide, or would cost more than it saves.
 * This is the case if the request has no jobs, a job without files or with protected files, users or groups to look up,
 * names that are not {@link PLAIN}, a large file, or too many paths.
 */
export function quickCheck({ jobs, keep, metadata, users, groups }: InspectContext): QuickCheck | undefined {
  if (users.length + groups.length > 0 || ![...jobs.keys(), ...keep].every((name) => PLAIN.test(name)))
    return undefined;
  const known = checkOfJobs(jobs);
  if (known === undefined || known.pathBytes + Buffer.byteLength([...metadata.keys()].join("\0")) > MAX_PATH_BYTES)
    return undefined;
  const hashes = known.hashes + latin1([...metadata].map(metadataLine).join(""));
  const found = new Map([...metadata].map(([path, hash]) => [path, { hash }]));
  const inspection = { exists: true, metadata: found, jobs: known.found, users: new Map(), groups: new Map() };
  const prune = known.starts.flatMap((start) => keep.map((name) => `-path ${start}/${name}`));
  return {
    words: [known.starts.join(" "), prune.join(" -o ")],
    paths: [...known.paths, ...metadata.keys()],
    bytes: BEGIN.length + 1 + known.listing.length + hashes.length,
    inspection,
    accepts: (output) => {
      const text = output.toString("latin1");
      const begin = text.indexOf(`${BEGIN}\0`) + BEGIN.length + 1;
      if (begin <= BEGIN.length || !text.endsWith(hashes)) return false;
      return sorted(text.slice(begin, -hashes.length)) === known.listing;
    },
  };
}

/** The part of a check that is the same for all workers with the same jobs and files. */
interface CheckOfJobs {
  readonly paths: readonly string[];
  readonly pathBytes: number;
  readonly starts: readonly string[];
  /** What find prints, sorted; one character per byte. */
  readonly listing: string;
  /** What sha256sum prints; one character per byte. */
  readonly hashes: string;
  readonly found: ReadonlyMap<string, InspectedJob>;
}

/** The last check and its input, because most workers of a fleet have the same jobs and files. */
let last: { readonly jobs: InspectContext["jobs"]; readonly check: CheckOfJobs | undefined } | undefined;

function checkOfJobs(jobs: InspectContext["jobs"]): CheckOfJobs | undefined {
  if (last === undefined || !isSame(last.jobs, jobs)) last = { jobs, check: makeCheck(jobs) };
  return last.check;
}

function isSame(some: InspectContext["jobs"], others: InspectContext["jobs"]): boolean {
  if (some.size !== others.size) return false;
  const names = [...others.keys()];
  return [...some].every(([job, { files, protect }], at) => {
    const other = others.get(job);
    return names[at] === job && other?.files === files && protect.length === other.protect.length;
  });
}

function makeCheck(jobs: InspectContext["jobs"]): CheckOfJobs | undefined {
  if (jobs.size === 0 || [...jobs.values()].some(({ protect, files }) => protect.length > 0 || files.size === 0))
    return undefined;
  const files = [...jobs].flatMap(([job, { files: own }]) =>
    [...own].map(([path, file]) => ({ path: `jobs/${job}/${path}`, ...file })),
  );
  if (files.some(({ size }) => size === undefined || size > MAX_FILE_BYTES)) return undefined;
  const paths = files.map(({ path }) => path);
  const hashes = files.map(({ path, hash }) => `${hash}  ${path}\0`);
  return {
    paths,
    pathBytes: Buffer.byteLength(paths.join("\0")),
    starts: [...jobs.keys()].map((job) => `jobs/${job}`),
    listing: listing(files),
    hashes: latin1(hashes.join("")),
    found: asFound(jobs),
  };
}

function metadataLine([path, hash]: readonly [string, string]): string {
  return `${hash}  ${path}\0`;
}

/** The output of find, sorted, for these files and the directories that contain them. */
function listing(files: readonly { readonly path: string; readonly mode: number }[]): string {
  const directories = new Set(files.flatMap(({ path }) => directoriesAbove(path)));
  const lines = [
    ...[...directories].map((path) => `d 755 ${path}\0`),
    ...files.map(({ path, mode }) => `f ${mode.toString(8)} ${path}\0`),
  ];
  return sorted(latin1(lines.join("")));
}

/** Sorts lines that end with a zero byte, because find prints them in the order of the file system. */
function sorted(lines: string): string {
  return lines.split("\0").sort().join("\0");
}

/** One character per byte, so that paths are compared as bytes. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/**
 * The directories between a job's directory and a file: for `jobs/api/a/b/c`, these are `jobs/api/a` and
 * `jobs/api/a/b`.
 */
function directoriesAbove(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, at) => names.slice(0, at + 1).join("/")).slice(2);
}

function asFound(jobs: InspectContext["jobs"]): ReadonlyMap<string, InspectedJob> {
  const ofJob = ({ files }: { readonly files: ReadonlyMap<string, Expected> }): InspectedJob => ({
    files: [...files].map(([path, { hash, mode, size = 0 }]) => ({ path, hash, mode, size })),
    others: [],
    hasMore: false,
    unread: [],
  });
  return new Map([...jobs].map(([job, request]) => [job, ofJob(request)]));
}

interface Expected {
  readonly hash: string;
  readonly mode: number;
  readonly size?: number;
}
