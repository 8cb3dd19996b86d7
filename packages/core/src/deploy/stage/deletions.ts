import { shownPath } from "../../domain/workspace/names.ts";

/** Paths a warning names. */
const NAMED = 3;

/** A file or directory that went because no tree has it, and what the promoted tree had. */
export interface Deletion {
  readonly job: string;
  readonly host: string;
  /** Below the job's directory. */
  readonly path: string;
  /** Paths of the tree that was promoted there before. */
  readonly promoted: readonly string[];
}

/**
 * What syncs of a run deleted that was in no promoted version: a job made it itself, and it may be missed. Paths that
 * a version had went because somebody deleted them in the workspace.
 */
export class Deletions {
  readonly #byJob = new Map<string, { readonly paths: Set<string>; readonly hosts: Set<string> }>();

  note({ job, host, path, promoted }: Deletion): void {
    const bare = path.replace(/\/$/, "");
    if (promoted.some((known) => known === bare || known.startsWith(`${bare}/`))) return;
    const known = this.#byJob.get(job) ?? { paths: new Set(), hosts: new Set() };
    this.#byJob.set(job, known);
    known.paths.add(path);
    known.hosts.add(host);
  }

  /** One sentence for each job, with what to do. */
  warnings(): string[] {
    return [...this.#byJob].sort().map(([job, { paths, hosts }]) => {
      const [first] = [...hosts].sort();
      const where = hosts.size === 1 ? `on ${first}` : `on ${first} and ${hosts.size - 1} more`;
      return `${job} had files of its own in its directory, and a sync deleted them: ${some(paths)}, ${where}; put what it needs into data/ or logs/, or name it under "keep" in its manifest`;
    });
  }
}

function some(paths: ReadonlySet<string>): string {
  const named = [...paths].sort().slice(0, NAMED).map(shownPath).join(", ");
  return paths.size > NAMED ? `${named} and ${paths.size - NAMED} more` : named;
}
