import type { Allocation, Job, Tree } from "@maand/core";
import {
  bareTree,
  type ContextSource,
  NAMESPACE,
  NO_VERSION,
  type Occasion,
  renderTree,
  treeDigest,
} from "@maand/core/internal";
import { groupBy } from "@maand/core/readonly";
import type { GoBucket } from "../go-store/go-bucket.ts";

/** A tree that an allocation may have been deployed with, and the values that it was rendered with. */
export interface Candidate {
  readonly tree: Tree;
  readonly occasion: Occasion;
}

/** The number of earlier deploys to try for a template that prints the number of the deploy. */
const DEPLOYS_TRIED = 200;

/**
 * The trees that an allocation may have been deployed with. Templates can print the previous version and the number of
 * the deploy, and the Go program did not record the values of its last rendering, so each earlier version is tried.
 */
export async function candidatesFor(
  source: ContextSource,
  job: Job,
  allocation: Allocation,
  versions: readonly string[],
  updateSeq: number,
): Promise<Candidate[]> {
  const occasions = versions.map((currentVersion) => ({ currentVersion, updateSeq }));
  return distinct(await Promise.all(occasions.map((occasion) => candidate(source, job, allocation, occasion))));
}

/** Candidates with the numbers of all earlier deploys; none if no template prints this number. */
export async function* earlierCandidates(
  source: ContextSource,
  job: Job,
  allocation: Allocation,
  { tree, occasion }: Candidate,
): AsyncGenerator<Candidate> {
  const last = treeDigest(tree.files);
  for (let updateSeq = occasion.updateSeq - 1; updateSeq > 0; updateSeq -= 1) {
    if (updateSeq < occasion.updateSeq - DEPLOYS_TRIED) return;
    const next = await candidate(source, job, allocation, { ...occasion, updateSeq });
    if (treeDigest(next.tree.files) === last) return;
    yield next;
  }
}

async function candidate(
  source: ContextSource,
  job: Job,
  allocation: Allocation,
  occasion: Occasion,
): Promise<Candidate> {
  return { tree: await renderTree(source, job, allocation, bareTree(source, job), occasion), occasion };
}

function distinct(candidates: readonly Candidate[]): Candidate[] {
  const known = new Map<string, Candidate>();
  for (const one of candidates) {
    const digest = treeDigest(one.tree.files);
    if (!known.has(digest)) known.set(digest, one);
  }
  return [...known.values()];
}

/** Versions that may have run before an allocation's last deploy, the likeliest first. */
export function versionsBefore(go: GoBucket, { job, host }: Allocation, current: string): string[] {
  const history = promotedVersions(go).get(NAMESPACE.allocation(job, host)) ?? [];
  const before = history.filter((version) => version !== current).reverse();
  return [...new Set([...before, NO_VERSION, current])];
}

const known = new WeakMap<GoBucket, ReadonlyMap<string, readonly string[]>>();

/**
 * Versions that ran, oldest first, by namespace of the allocation. There may be many thousands of rows, so they are
 * read once.
 */
function promotedVersions(go: GoBucket): ReadonlyMap<string, readonly string[]> {
  const before = known.get(go);
  if (before) return before;
  const rows = groupBy(
    go.kv.filter(({ key }) => key === "version"),
    ({ namespace }) => namespace,
  );
  const versions = new Map([...rows].map(([namespace, some]) => [namespace, some.map(({ value }) => value)]));
  known.set(go, versions);
  return versions;
}
