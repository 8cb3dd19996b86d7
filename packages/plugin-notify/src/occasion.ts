import type { Summary } from "@maand/core";
import type { Occasion } from "./settings.ts";

/** The occasions that apply to a run. */
export function occasionsOf({ outcome, allocations }: Pick<Summary, "outcome" | "allocations">): ReadonlySet<Occasion> {
  const changed = allocations.some((result) => result.outcome === "ok");
  const special: Readonly<Record<Summary["outcome"], readonly Occasion[]>> = {
    ok: changed ? ["success"] : [],
    failed: ["failure"],
    interrupted: ["failure"],
    refused: ["failure"],
    reverted: ["failure", "revert"],
    revert_failed: ["failure", "revert"],
    paused: ["pause"],
  };
  return new Set<Occasion>(["finish", ...special[outcome]]);
}
