import type { Catalog } from "../workspace/catalog.ts";
import { holdText } from "./hold.ts";

/** A job with a held release, and a sentence about it. */
export interface HeldText {
  readonly job: string;
  readonly text: string;
}

/** The held jobs among the selected ones, or among all if none is selected. */
export function heldTexts({ jobs }: Pick<Catalog, "jobs">, selected: readonly string[]): HeldText[] {
  return jobs.flatMap((job) =>
    job.hold && (selected.length === 0 || selected.includes(job.name))
      ? [{ job: job.name, text: holdText(job, job.hold) }]
      : [],
  );
}
