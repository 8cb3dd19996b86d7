import { shownPath } from "../../domain/workspace/names.ts";

/** Maximum number of paths that a warning names. */
const NAMED = 3;

/** A file or directory that a sync deleted because no tree contains it, and the paths of the promoted tree. */
export interface Deletion {
  readonly job: string;
  readonly host: string;
  /** Relative to the job's directory. */
  readonly path: string;
  /** Paths of the tree that was promoted on this worker before. */
  readonly promoted: readonly string[];
}

/**
 * The paths that syncs of a run deleted although the promoted version did not contain them. A job created these files
 * itself, so their data might be needed. A deleted path that the promoted version did contain was removed from the
 * workspace on purpose.
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

  /** One sentence for each job that lost files, with the steps to take. */
  warnings(): string[] {
    return [...this.#byJob].sort().map(([job, { paths, hosts }]) => {
      const [first] = [...hosts].sort();
      const where = hosts.size === 1 ? `on ${first}` : `on ${first} and ${hosts.size - 1} more`;
      const isOne = hosts.size === 1 && paths.size === 1 && ![...paths].some((path) => path.endsWith("/"));
      const [files, them] = isOne ? ["a file", "it"] : ["files", "them"];
      return `${job} had created ${files} in its directory, and a sync deleted ${them}: ${some(paths)}, ${where}; write files that it needs to data/ or logs/, or list them under "keep" in its manifest`;
    });
  }
}

function some(paths: ReadonlySet<string>): string {
  const named = [...paths].sort().slice(0, NAMED).map(shownPath).join(", ");
  return paths.size > NAMED ? `${named} and ${paths.size - NAMED} more` : named;
}
