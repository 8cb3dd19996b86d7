import { changedFiles, type FileChange } from "../../domain/deploy/changed-files.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { isMaandError } from "../../errors.ts";
import type { TreeFile } from "../../plugin-api/contexts.ts";
import { LARGEST_TEXT, textOf } from "../../remote/text.ts";
import type { ContextSource } from "../../run/scope/contexts.ts";
import type { ListedFile } from "../../store/promoted-rows.ts";
import type { PlannedAllocation, PlannedJob } from "../plan-job.ts";
import { fileDiff, type Side, type Unseen } from "./file-diff.ts";
import { type Hider, hiderFor, showDots } from "./hide-secrets.ts";

/** A changed file with its unified diff. */
export interface FileDiff extends FileChange {
  readonly diff: string;
}

/** Changed files by allocation id, sorted by path. Allocations without changed files are absent. */
export type PlanDiffs = ReadonlyMap<string, readonly FileDiff[]>;

type Source = Pick<ContextSource, "bucket" | "recorded">;

/**
 * Compares the planned files with the promoted files for each allocation of the jobs. Secrets appear as dots on both
 * sides. Content that is the same on many workers is compared once.
 */
export async function diffPlan(source: Source, jobs: readonly PlannedJob[]): Promise<PlanDiffs> {
  const diffs = new Map<string, readonly FileDiff[]>();
  const known = new Map<string, Promise<string>>();
  for (const { job, allocations } of jobs) {
    for (const planned of allocations) {
      const changes = changesOf(source, planned);
      if (changes.length > 0)
        diffs.set(planned.allocation.id, await diffAllocation(source, job, { ...planned, changes }, known));
    }
  }
  return diffs;
}

/** The changes in the plan of an allocation; all files if nothing was promoted yet. */
function changesOf(source: Source, { allocation, tree, decision }: PlannedAllocation): readonly FileChange[] {
  const isNew = decision.action === "start" && source.recorded(allocation.id).promoted === undefined;
  return isNew ? changedFiles([], tree.files) : decision.files;
}

async function diffAllocation(
  source: Source,
  job: Job,
  { allocation, tree, changes }: PlannedAllocation & { readonly changes: readonly FileChange[] },
  known: Map<string, Promise<string>>,
): Promise<FileDiff[]> {
  const { bucket } = source;
  const promoted = source.recorded(allocation.id).promoted?.digest;
  const before = byName(promoted === undefined ? [] : bucket.store.promoted.files(promoted));
  const after = byName(tree.files);
  let hider: Hider | undefined;
  const hide: Hider = (text) => {
    hider ??= hiderFor(bucket, job, allocation.host);
    return hider(text);
  };
  const found: FileDiff[] = [];
  for (const change of changes) {
    const [old, now] = [before.get(change.path), after.get(change.path)];
    const secret = old?.secret === true || now?.secret === true;
    const key = [change.path, nameOf(old), nameOf(now), secret ? allocation.id : ""].join("\0");
    const diff =
      known.get(key) ?? fileDiff(change.path, oldSide(bucket, old, secret, hide), newSide(bucket, now, secret, hide));
    known.set(key, diff);
    found.push({ ...change, diff: bucket.mask.text(showDots(await diff)) });
  }
  return found;
}

function byName<T extends { readonly path: string }>(files: readonly T[]): Map<string, T> {
  return new Map(files.map((file) => [file.path, file]));
}

function nameOf(file: ListedFile | undefined): string {
  return file ? JSON.stringify([file.hash, file.executable, file.mode, file.access]) : "";
}

type Bucket = Source["bucket"];

/** The promoted side of a file, from the store. */
export function oldSide(maand: Bucket, file: ListedFile | undefined, secret: boolean, hide: Hider): Side | undefined {
  if (!file) return undefined;
  return sideOf(file, () => {
    const stored = maand.store.contents.find(file.hash);
    if (!stored) return { unseen: whyNotKept(file) };
    return stored.sealed ? opened(maand, stored.bytes, file.path) : shown(stored.bytes, secret, hide);
  });
}

/** Small content that was not kept is either binary, or contains a secret that cannot be hidden. */
function whyNotKept({ size, secret }: ListedFile): Unseen {
  if (size === undefined) return "not kept";
  return secret === true ? "hidden" : "binary";
}

/** The text is stored without its secrets. It cannot be decrypted if the key has changed since then. */
function opened({ key }: Bucket, bytes: Uint8Array, path: string): Side["content"] {
  try {
    return { text: key.decrypt(Buffer.from(bytes).toString(), path) };
  } catch (cause) {
    if (isMaandError(cause)) return { unseen: "not kept" };
    throw cause;
  }
}

function newSide(maand: Bucket, file: TreeFile | undefined, secret: boolean, hide: Hider): Side | undefined {
  return file && sideOf(file, () => shown(file.content ?? maand.store.contents.read(file.hash), secret, hide));
}

/** One side of a file; a large file is not read. */
export function sideOf(file: ListedFile, content: () => Side["content"]): Side {
  const { hash, size } = file;
  const large = size !== undefined && size > LARGEST_TEXT;
  return { hash, size, file, content: large ? { unseen: "large" } : content() };
}

/** Content to show, with its secrets hidden. */
export function shown(bytes: Uint8Array, secret: boolean, hide: Hider): Side["content"] {
  const text = textOf(bytes);
  if (text === undefined) return { unseen: "binary" };
  if (!secret) return { text };
  const hidden = hide(text);
  return hidden === undefined ? { unseen: "hidden" } : { text: hidden };
}
