import type { OpenOptions } from "@maand/core/internal";

/** Options of an import. */
export interface ImportOptions extends OpenOptions {
  /** Change nothing, and report what an import would do. */
  readonly dryRun: boolean;
  /** Take over files as they are on the workers, even if maand would render them differently. */
  readonly accept: boolean;
}
