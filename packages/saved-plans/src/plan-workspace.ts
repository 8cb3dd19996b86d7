import type { Problem } from "@maand/core";
import { authorshipOf, isTapped, type OpenedBucket, type Plan } from "@maand/core/internal";
import { type Fingerprints, fingerprints } from "./basis/fingerprints.ts";
import { sealPlan } from "./file/plan-file.ts";
import type { Basis } from "./file/plan-schema.ts";
import { planBody } from "./file/save-plan.ts";
import { type MadePlan, type MakeOptions, type PlanAndBasis, planWithBasis } from "./make-plan.ts";
import { previewBuild } from "./preview-build.ts";

/** A plan that was made without a build, with the warnings of the build. */
export interface WorkspacePlan extends MadePlan {
  readonly problems: readonly Problem[];
}

/**
 * Plans what a build of a workspace and a deploy of that build would do. The build goes into a copy in memory: the
 * bucket is not changed, and no command of a job runs. The plan can be carried out after a build of the same workspace.
 * `workspace` is the directory; default: the workspace of the bucket. Throws PROBLEMS if the workspace is refused.
 */
export async function planWorkspace(
  bucket: OpenedBucket,
  options: Omit<MakeOptions, "withHooks">,
  workspace = bucket.paths.workspace,
): Promise<WorkspacePlan> {
  const print = fingerprints(bucket.key);
  const preview = await previewBuild(bucket, workspace);
  try {
    const first = await planWithBasis(preview.bucket, options, print);
    const second = usesNewValues(bucket, first.basis, print)
      ? await planAnew(bucket, options, { workspace, print })
      : first;
    const { commit } = await authorshipOf(workspace);
    const body = planBody({
      bucket: preview.bucket,
      plan: first.plan,
      options,
      basis: { ...first.basis, kv: lasting(first.basis.kv, second.basis.kv) },
      print,
      workspace: { commit },
      notes: notesOf(preview.bucket, first),
      madeByBuild: madeByBuild(first.plan, second.plan),
    });
    return { plan: first.plan, saved: sealPlan(body), problems: preview.problems };
  } finally {
    preview.close();
  }
}

/**
 * Whether the plan uses a value that is not in the store, such as a certificate. Every build might create such a value
 * again.
 */
function usesNewValues({ kv }: OpenedBucket, { kv: used }: Basis, print: Fingerprints): boolean {
  return Object.entries(used).some(([namespace, entries]) =>
    Object.entries(entries).some(([key, value]) => {
      const stored = kv.find(namespace, key);
      return value !== (stored === undefined ? null : print.of(stored));
    }),
  );
}

/**
 * Makes the plan of another build of the same workspace. The two plans differ only in the files and values that each
 * build creates again.
 */
async function planAnew(
  bucket: OpenedBucket,
  options: MakeOptions,
  { workspace, print }: { readonly workspace: string; readonly print: Fingerprints },
): Promise<PlanAndBasis> {
  const preview = await previewBuild(bucket, workspace);
  try {
    return await planWithBasis(preview.bucket, options, print);
  } finally {
    preview.close();
  }
}

/** The values that are the same in every build. */
function lasting(first: Basis["kv"], second: Basis["kv"]): Basis["kv"] {
  const same = Object.entries(first).map(([namespace, entries]) => [
    namespace,
    Object.fromEntries(Object.entries(entries).filter(([key, value]) => second[namespace]?.[key] === value)),
  ]);
  return Object.fromEntries(same);
}

function madeByBuild(first: Plan, second: Plan): ReadonlyMap<string, readonly string[]> {
  if (first === second) return new Map();
  const others = new Map(allocationsOf(second).map((planned) => [planned.allocation.id, planned.tree.files]));
  return new Map(
    allocationsOf(first).flatMap(({ allocation, tree }): [string, string[]][] => {
      const hashes = new Map(others.get(allocation.id)?.map(({ path, hash }) => [path, hash]));
      const anew = tree.files.filter(({ path, hash }) => hashes.has(path) && hashes.get(path) !== hash);
      return anew.length === 0 ? [] : [[allocation.id, anew.map(({ path }) => path)]];
    }),
  );
}

function allocationsOf({ waves }: Plan) {
  return waves.flatMap(({ jobs }) => jobs.flatMap(({ allocations }) => allocations));
}

function notesOf({ hooks, store }: OpenedBucket, { basis }: PlanAndBasis): string[] {
  const jobs = store.catalog.read().jobs.filter(({ name }) => name in basis.jobs);
  const named = jobs.filter((job) => isTapped(hooks.afterBuild, job)).map(({ name }) => name);
  if (named.length === 0) return [];
  return [
    `post_build of ${named.join(", ")} did not run; the plan is out of date if it writes values that differ from the stored ones`,
  ];
}
