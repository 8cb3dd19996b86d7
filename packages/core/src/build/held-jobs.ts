import { treeDigest } from "../domain/deploy/digest.ts";
import { manifestFile } from "../domain/manifest/manifest.ts";
import type { Hold } from "../domain/release/hold.ts";
import type { ReleaseContent } from "../domain/release/release.ts";
import type { Written, WrittenJob } from "../domain/workspace/catalog.ts";
import type { SeenFile } from "../domain/workspace/job.ts";
import type { Store } from "../store/store.ts";
import type { ReadWorkspace } from "../workspace/read.ts";

/** A job that is built from a release other than the one in the workspace. */
export interface HeldJob {
  readonly hold: Hold;
  /** The release that is built. */
  readonly release: number;
  /**
   * The content of that release. Undefined if there is no release other than the held one, which is then built, but not
   * deployed.
   */
  readonly content: ReleaseContent | undefined;
}

/** Held jobs by name. */
export type HeldJobs = ReadonlyMap<string, HeldJob>;

/** The jobs whose content in the workspace is exactly a release that was rolled back or reverted. */
export function heldJobs({ releases }: Pick<Store, "releases">, jobs: readonly WrittenJob[]): HeldJobs {
  const held = releases.held();
  if (held.length === 0) return new Map();
  const digests = new Map(jobs.map(({ name, files }) => [name, files] as const));
  return new Map(
    held.flatMap(({ job, digest, instead, hold }): [string, HeldJob][] => {
      const files = digests.get(job);
      if (!files || treeDigest(files) !== digest) return [];
      if (instead === undefined) return [[job, { hold, release: hold.release, content: undefined }]];
      const content = releases.content(job, instead);
      return content ? [[job, { hold, release: instead, content }]] : [];
    }),
  );
}

/** The workspace, with each held job replaced by the release that is built. */
export function withHeld(written: Written, held: HeldJobs): Written {
  if (held.size === 0) return written;
  const jobs = written.jobs.map((job): WrittenJob => ({ ...job, ...held.get(job.name)?.content }));
  return { ...written, jobs };
}

/** The files of the jobs as they are built. The next build reads the files of a held job from the disk again. */
export function filesWithHeld(read: Pick<ReadWorkspace, "files">, held: HeldJobs): ReadWorkspace["files"] {
  if (held.size === 0) return read.files;
  const files = new Map(read.files);
  for (const [job, { content }] of held) if (content) files.set(job, content.files.map(unseen));
  return files;
}

/** The texts of the files that problems point into, except the files of jobs that are built from another release. */
export function textsWithHeld({ texts }: Pick<ReadWorkspace, "texts">, held: HeldJobs): ReadWorkspace["texts"] {
  if (held.size === 0) return texts;
  const others = new Set([...held.keys()].map(manifestFile));
  return new Map([...texts].filter(([file]) => !others.has(file)));
}

/** A file whose modification time on disk is unknown. */
export function unseen(file: Omit<SeenFile, "mtimeMs">): SeenFile {
  return { ...file, mtimeMs: 0 };
}
