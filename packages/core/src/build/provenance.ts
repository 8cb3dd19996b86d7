import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Bucket } from "../bucket/bucket.ts";
import { error, type Problem, warning } from "../domain/checks/problem.ts";
import { isRecord } from "../domain/checks/validate.ts";
import type { BuiltWorkspace } from "../store/bucket-rows.ts";
import { type Authorship, authorshipOf, containsCommit, plainCommit } from "../workspace/authorship.ts";

/** The origin of a build, and the changes of the last build that it would undo. */
export interface Provenance {
  readonly author: Authorship;
  /** The workspace with its provenance, as it is stored. */
  readonly built: BuiltWorkspace;
  readonly problems: readonly Problem[];
}

/**
 * Compares a workspace with the last build. If both are in git, the workspace must contain the commit that was built.
 * Otherwise, the changes of the last build that this bucket directory does not have are reported. Git is started only
 * if the commit or a file changed.
 */
export async function provenanceOf(bucket: Bucket, read: BuiltWorkspace, allowsOlder: boolean): Promise<Provenance> {
  const { store, paths, now } = bucket;
  const last = store.bucket.built();
  const isSame = last !== undefined && JSON.stringify(last.parts) === JSON.stringify(read.parts);
  const author = await authorshipOf(paths.workspace, isSame ? last : undefined);
  const { by, commit } = author;
  const built = {
    ...read,
    by,
    machine: hostname(),
    at: now().toISOString(),
    ...(commit === undefined ? {} : { commit }),
  };
  return { author, built, problems: last && !isSame ? await undone(bucket, last, built, allowsOlder) : [] };
}

/** Records the parts of the workspace that the build in this directory has read. */
export function noteSeen({ paths }: Pick<Bucket, "paths">, { parts }: BuiltWorkspace): void {
  const file = seenFile(paths);
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(parts), { mode: 0o600, flag: "wx" });
  renameSync(draft, file);
}

async function undone(
  { paths }: Bucket,
  last: BuiltWorkspace,
  built: BuiltWorkspace,
  allowsOlder: boolean,
): Promise<Problem[]> {
  if (last.commit === undefined || built.commit === undefined) return unseen(paths, last, built);
  const [before, here] = [plainCommit(last.commit), plainCommit(built.commit)];
  if (before === here) return [];
  const contains = await containsCommit(paths.workspace, here, before);
  if (contains !== false) return [];
  const message = `it is at commit ${short(here)}, which does not contain ${short(before)}, ${builtBy(last)}`;
  const hint = "merge or pull that commit first; or, to go back on purpose, run it with --allow-older";
  if (allowsOlder) return [warning("older_workspace", "workspace", message)];
  return [error("older_workspace", "workspace", message, hint)];
}

/** Parts that another directory has built since the last build in this directory, and that this build would replace. */
function unseen(paths: Bucket["paths"], last: BuiltWorkspace, built: BuiltWorkspace): Problem[] {
  if (last.at === undefined) return [];
  const seen = seenParts(paths);
  const names = [...new Set([...Object.keys(last.parts), ...Object.keys(built.parts)])].sort();
  return names
    .filter((name) => last.parts[name] !== seen[name] && last.parts[name] !== built.parts[name])
    .map((name) => {
      const message = `this build undoes a change that this directory has not seen, ${builtBy(last)}`;
      return warning("unseen_change", name, message, "get that change first, or build again to discard it");
    });
}

function builtBy({ by, machine, at }: BuiltWorkspace): string {
  return `built by ${by ?? "an unknown user"} on ${machine ?? "an unknown machine"} at ${at ?? "an unknown time"}`;
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

function seenFile({ data }: Bucket["paths"]): string {
  return join(data, "seen.json");
}

function seenParts(paths: Bucket["paths"]): Readonly<Record<string, unknown>> {
  try {
    const parts: unknown = JSON.parse(readFileSync(seenFile(paths), "utf8"));
    return isRecord(parts) ? parts : {};
  } catch {
    return {};
  }
}
