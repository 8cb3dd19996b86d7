import type { InspectContext, InspectedJob, Inspection } from "@maand/core";

/** Larger files are left to the inspection program, which caches their hashes. */
const LARGEST = 64 * 1024 - 1;
/** Maximum bytes of the paths: sshd passes a command to a shell as one argument, which Linux limits to 128 KiB. */
const ARGUMENTS = 48 * 1024;
/** Words that `sh` may split and `find` takes literally. */
const PLAIN = /^[A-Za-z0-9_.+-]+$/;

/** A check whether a worker is exactly as expected. */
export interface QuickCheck {
  /** The first arguments of {@link QUICK_SCRIPT}: where find starts, and what it skips. */
  readonly words: readonly string[];
  /** Files to hash. */
  readonly paths: readonly string[];
  /**
   * The maximum number of bytes that the script prints on a worker that is as expected, without output of the login.
   */
  readonly bytes: number;
  /** What is on the worker if the check succeeds. */
  readonly inspection: Inspection;
  /** Whether the output of the script shows a worker that is as expected. */
  accepts(output: Buffer): boolean;
}

/** Separates the output of the script from earlier output of the login. */
const BEGIN = "maand-inspect";

/**
 * Lists everything in the jobs' directories (type, mode, path), and then the hashes of the given files. The
 * controller compares the output. This takes one process less on each worker than with `sort`, and two less than with a
 * hash of the complete output. Starting Python takes several times as long as these programs, and usually nothing
 * differs. Any other find or sha256sum has other output or fails, so the inspection program decides.
 */
export const QUICK_SCRIPT = [
  "root=$1 starts=$2 prune=$3; shift 3",
  "set -f",
  "export LC_ALL=C",
  `cd "$root" && printf '${BEGIN}\\0' &&`,
  ' find -H $starts -mindepth 1 \\( $prune \\) -prune -o -printf "%y %m %p\\\\0" && exec sha256sum -z -- "$@"',
].join("\n");

/**
 * The check of a request. Undefined if it cannot decide, because the request has large or unusual files, owners, or
 * files that a job keeps, or if it would cost more than it saves.
 */
export function quickCheck({ jobs, keep, metadata, users, groups }: InspectContext): QuickCheck | undefined {
  if (users.length + groups.length > 0 || ![...jobs.keys(), ...keep].every((name) => PLAIN.test(name)))
    return undefined;
  const known = checkOfJobs(jobs);
  if (known === undefined || known.pathBytes + Buffer.byteLength([...metadata.keys()].join("\0")) > ARGUMENTS)
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

/** The part of a check that workers with the same jobs and files have in common. */
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
  if (files.some(({ size }) => size === undefined || size > LARGEST)) return undefined;
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

/** What find prints about files with their modes and the directories above them. */
function listing(files: readonly { readonly path: string; readonly mode: number }[]): string {
  const directories = new Set(files.flatMap(({ path }) => directoriesAbove(path)));
  const lines = [
    ...[...directories].map((path) => `d 755 ${path}\0`),
    ...files.map(({ path, mode }) => `f ${mode.toString(8)} ${path}\0`),
  ];
  return sorted(latin1(lines.join("")));
}

/** Sorts lines that end with a zero byte: find prints them in the order of the file system. */
function sorted(lines: string): string {
  return lines.split("\0").sort().join("\0");
}

/** One character per byte, so that paths are compared as bytes. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** `jobs/api/conf` and `jobs/api/conf/a` of `jobs/api/conf/a/b`, without `jobs/api`. */
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
