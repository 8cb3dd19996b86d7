import type { Allocation } from "@maand/core";
import type { GoBucket, GoDeployed } from "../go-store/go-bucket.ts";

/** The last known state of an allocation in the Go program. */
export type DeployState =
  | { readonly kind: "never deployed" }
  /** It was disabled, and a later build enabled it again: the next deploy starts it. */
  | { readonly kind: "to be started"; readonly version: string }
  | { readonly kind: "deployed"; readonly deployed: GoDeployed; readonly files: ReadonlyMap<string, string> };

/** Reads the state of an allocation from the rows of the Go program. */
export function deployStateOf({ deployed }: GoBucket, { id, removed }: Allocation): DeployState {
  const row = deployed.get(id);
  if (!row) return { kind: "never deployed" };
  if (row.files) return { kind: "deployed", deployed: row, files: row.files };
  const ran = row.version !== "0.0.0" && !removed;
  return ran ? { kind: "to be started", version: row.version } : { kind: "never deployed" };
}
