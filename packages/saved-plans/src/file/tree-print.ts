import { type PlannedAllocation, treeDigest } from "@maand/core/internal";
import type { Fingerprints } from "../basis/fingerprints.ts";

/**
 * The fingerprint of a target tree. For files that each build creates again, only path and mode count, because their
 * content is unknown before the build.
 */
export function treePrint(
  { tree, target }: Pick<PlannedAllocation, "tree" | "target">,
  madeByBuild: readonly string[],
  print: Fingerprints,
): string {
  if (madeByBuild.length === 0) return print.of(target.digest);
  const anew = new Set(madeByBuild);
  return print.of(treeDigest(tree.files.map((file) => (anew.has(file.path) ? { ...file, hash: "" } : file))));
}
