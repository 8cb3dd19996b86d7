import { error, type Job, type JobFile } from "@maand/core";
import {
  type Bucket,
  changedFiles,
  type FileDiff,
  fileDiff,
  type Hider,
  hiderFor,
  LARGEST_TEXT,
  namedRelease,
  problemsError,
  refuseUnknown,
  type Side,
  showDots,
  textOf,
} from "@maand/core/internal";
import { releaseName } from "@maand/core/readonly";

/** The source files that differ between two releases of a job. */
export interface ReleaseDiff {
  readonly job: string;
  /** The name of the first release, such as `r12`. */
  readonly from: string;
  /** The name of the second release, such as `r14`. */
  readonly to: string;
  readonly files: readonly FileDiff[];
}

/**
 * Compares the source files of two releases of a job line by line, with templates unrendered. Without `to`, the second
 * release is the desired one. Secrets of the job appear as dots. Throws PROBLEMS for an unknown job or release.
 */
export async function diffReleases(
  bucket: Bucket,
  name: string,
  { from, to }: { readonly from: string; readonly to: string | undefined },
): Promise<ReleaseDiff> {
  const { jobs, removedJobs } = bucket.store.catalog.read();
  const all = [...jobs, ...removedJobs];
  refuseUnknown(
    "job",
    "job",
    [name],
    all.map((job) => job.name),
  );
  const job = all.find((one) => one.name === name);
  const [before, after] = [from, to ?? String(job?.release ?? "")].map((text) => numberOf(bucket, name, text));
  const [old, now] = [filesOf(bucket, name, before), filesOf(bucket, name, after)];
  const files = job ? await diffs(bucket, job, old, now) : [];
  return { job: name, from: releaseName(before ?? 0), to: releaseName(after ?? 0), files };
}

function numberOf({ store }: Bucket, job: string, text: string): number {
  const chosen = namedRelease(job, text, store.releases.of(job));
  if ("release" in chosen) return chosen.release.number;
  throw problemsError([error("unknown_release", `job ${job}`, chosen.problem, chosen.hint)]);
}

type Files = ReadonlyMap<string, JobFile>;

function filesOf({ store }: Bucket, job: string, number: number | undefined): Files {
  const files = number === undefined ? [] : (store.releases.content(job, number)?.files ?? []);
  return new Map(files.map((file) => [file.path, file]));
}

async function diffs(bucket: Bucket, job: Job, old: Files, now: Files): Promise<FileDiff[]> {
  const hide = hiderOf(bucket, job);
  const changes = changedFiles([...old.values()], [...now.values()]);
  return Promise.all(
    changes.map(async (change) => {
      const { path } = change;
      const sides = [old.get(path), now.get(path)].map((file) => file && sideOf(bucket, file, hide));
      const diff = await fileDiff(path, sides[0], sides[1]);
      return { ...change, diff: bucket.mask.text(showDots(diff)) };
    }),
  );
}

/** Hides the secrets that the job may read on any of its workers. */
function hiderOf(bucket: Bucket, job: Job): Hider {
  const { allocations } = bucket.store.catalog.read();
  const hosts = allocations.filter((allocation) => allocation.job === job.name).map(({ host }) => host);
  return hiderFor(bucket, job, ...hosts);
}

function sideOf({ store }: Bucket, file: JobFile, hide: Hider): Side {
  const { hash, size } = file;
  if (size > LARGEST_TEXT) return { hash, size, file, content: { unseen: "large" } };
  const text = textOf(store.contents.read(hash));
  return { hash, size, file, content: text === undefined ? { unseen: "binary" } : { text: hide(text) ?? text } };
}
