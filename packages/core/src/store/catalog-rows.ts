import type { Catalog } from "../domain/workspace/catalog.ts";
import type { Allocation, Job, SeenFile } from "../domain/workspace/job.ts";
import { placedOf } from "../domain/workspace/placement/placed.ts";
import type { EarlierAllocations, Placement } from "../domain/workspace/placement/placement.ts";
import { byPosition, type Worker } from "../domain/workspace/worker.ts";
import type { StoreDatabase } from "./database.ts";
import { PlacementRows } from "./placement/placement-rows.ts";

/** The stored catalog, including removed items that `gc` has not purged yet. */
export interface StoredCatalog extends Catalog {
  /** Workers that were removed from `workers.json` and may still have files of this bucket. */
  readonly removedWorkers: readonly Worker[];
  /** The last versions of jobs that were removed from the workspace. */
  readonly removedJobs: readonly Job[];
}

/** Workers, jobs, files and allocations of the desired state. Only changed rows are written. */
export class CatalogRows {
  readonly #db: StoreDatabase;
  readonly #placements: PlacementRows;
  /** The files that were last read, and the version of the store that contains them. */
  #seen: { readonly version: string; readonly jobs: ReturnType<CatalogRows["seenFiles"]> } | undefined;

  constructor(db: StoreDatabase) {
    this.#db = db;
    this.#placements = new PlacementRows(db);
  }

  read(): StoredCatalog {
    return { ...this.readWithoutAllocations(), allocations: this.allocations() };
  }

  readWithoutAllocations(): Omit<StoredCatalog, "allocations"> {
    const workers = this.#db
      .all("SELECT spec, removed FROM worker")
      .map((row) => ({ removed: row.removed === 1, worker: parse<Worker>(row.spec) }));
    const jobs = this.#jobs();
    const present = workers.filter(({ removed }) => !removed).map(({ worker }) => worker);
    return {
      workers: present.sort(byPosition),
      removedWorkers: workers.filter(({ removed }) => removed).map(({ worker }) => worker),
      jobs: jobs.filter(({ removed }) => !removed).map(({ job }) => job),
      removedJobs: jobs.filter(({ removed }) => removed).map(({ job }) => job),
    };
  }

  /** The stored allocations of these jobs. Only the allocations that a placement might change are read. */
  earlierAllocations(jobs: readonly Pick<Job, "name">[]): EarlierAllocations {
    return {
      placements: this.#placements.all(),
      except: (same) => {
        const others = jobs.filter(({ name }) => !same.has(name)).map(({ name }) => name);
        return others.length === 0 ? [] : this.allocations(others);
      },
    };
  }

  /**
   * Whether a deploy could have an allocation to stop: one that was removed or disabled, or whose job is held. A worker
   * in maintenance does not count, because a deploy does not change its allocations.
   */
  mayStop(): boolean {
    const sql =
      "SELECT EXISTS (SELECT 1 FROM allocation WHERE removed = 1 OR disabled = 1) OR EXISTS (SELECT 1 FROM job WHERE json_extract(spec, '$.hold') IS NOT NULL) AS may";
    return this.#db.get(sql)?.may === 1;
  }

  /** Whether `workers.json` had no worker at the last build. */
  isFleetEmpty(): boolean {
    return this.#db.get("SELECT 1 FROM worker WHERE removed = 0 LIMIT 1") === undefined;
  }

  /**
   * The allocations of these jobs, or of all jobs, by job. The query returns the allocations of each job as one string,
   * because reading a row for each allocation would take several times as long.
   */
  allocations(jobs?: readonly string[]): Allocation[] {
    const [wanted, ...values] = jobs ? ["WHERE job IN (SELECT value FROM json_each(?))", JSON.stringify(jobs)] : [""];
    const rows = this.#db.all(
      `SELECT job, json_group_array(json_array(id, host, disabled, drained, removed, position) ORDER BY removed, position, host) AS all_of_job FROM allocation ${wanted} GROUP BY job ORDER BY job`,
      ...values,
    );
    return rows.flatMap(({ job: name, all_of_job }) => {
      const job = String(name);
      return parse<AllocationRow[]>(all_of_job).map(([id, host, off, drained, gone, index]): Allocation => {
        const [disabled, removed] = [off === 1, gone === 1];
        if (drained === 1) return { id, job, host, disabled, drained: true, removed, index };
        return { id, job, host, disabled, removed, index };
      });
    });
  }

  /**
   * Files of all jobs, by job, as last read. The files are cached, because a build reads them three times, and a job
   * can have a hundred thousand files.
   */
  seenFiles(): ReadonlyMap<string, ReadonlyMap<string, SeenFile>> {
    const version = this.#db.version();
    if (this.#seen?.version !== version) this.#seen = { version, jobs: this.#readFiles() };
    return this.#seen.jobs;
  }

  #readFiles(): Map<string, Map<string, SeenFile>> {
    const jobs = new Map<string, Map<string, SeenFile>>();
    const rows = this.#db.lists("SELECT job, path, hash, executable, size, mtime_ms FROM job_file ORDER BY job, path");
    for (const [name, at, hash, executable, size, mtimeMs] of rows) {
      const [job, path] = [String(name), String(at)];
      const files = jobs.get(job) ?? new Map<string, SeenFile>();
      jobs.set(job, files);
      files.set(path, {
        path,
        hash: String(hash),
        executable: executable === 1,
        size: Number(size),
        mtimeMs: Number(mtimeMs),
      });
    }
    return jobs;
  }

  /**
   * Replaces the stored catalog. Call this in a transaction, after the contents were stored. With `placement`, the
   * allocations that it did not change are neither read nor written.
   */
  write(
    before: StoredCatalog,
    next: Catalog,
    files: ReadonlyMap<string, readonly SeenFile[]>,
    placement?: Placement,
  ): void {
    this.#writeAllocations(placement?.earlier ?? before.allocations, placement?.changed ?? next.allocations);
    this.#writeWorkers(before, next);
    this.#writeJobs(before, next, files);
    this.#placements.record(placement?.placed ?? placedOf(next.allocations), placement?.same ?? new Set());
  }

  /**
   * Deletes the rows of a removed allocation. If it was the last allocation of a removed job or worker, also deletes
   * the job or worker.
   */
  forget(allocation: Pick<Allocation, "id" | "job" | "host">): void {
    this.#db.run("DELETE FROM allocation WHERE id = ? AND removed = 1", allocation.id);
    this.#db.run(
      "DELETE FROM job WHERE name = ? AND removed = 1 AND NOT EXISTS (SELECT 1 FROM allocation WHERE job = name)",
      allocation.job,
    );
    this.#db.run(
      "DELETE FROM worker WHERE host = ? AND removed = 1 AND NOT EXISTS (SELECT 1 FROM allocation WHERE allocation.host = worker.host)",
      allocation.host,
    );
  }

  #jobs(): { readonly removed: boolean; readonly job: Job }[] {
    const seen = this.seenFiles();
    return this.#db.all("SELECT name, spec, removed FROM job ORDER BY name").map((row) => {
      const files = [...(seen.get(String(row.name))?.values() ?? [])].map(({ path, hash, executable, size }) => ({
        path,
        hash,
        executable,
        size,
      }));
      return { removed: row.removed === 1, job: { ...parse<Omit<Job, "files">>(row.spec), files } };
    });
  }

  /**
   * Deletes the recorded modification times of files, so that the next build reads every file. Used after the workspace
   * has been moved.
   */
  forgetTimes(): void {
    this.#db.run("UPDATE job_file SET mtime_ms = 0");
  }

  #writeWorkers(before: StoredCatalog, next: Catalog): void {
    const known = new Map(before.workers.map((worker) => [worker.host, JSON.stringify(worker)]));
    for (const worker of next.workers) {
      const spec = JSON.stringify(worker);
      if (known.get(worker.host) !== spec) {
        this.#db.run(
          "INSERT INTO worker (host, worker_id, removed, spec) VALUES (?, ?, 0, ?) ON CONFLICT (host) DO UPDATE SET worker_id = excluded.worker_id, removed = 0, spec = excluded.spec",
          worker.host,
          worker.workerId,
          spec,
        );
      }
      known.delete(worker.host);
    }
    if (known.size === 0) return;
    const used = new Set(this.#db.all("SELECT DISTINCT host FROM allocation").map(({ host }) => String(host)));
    for (const host of known.keys()) {
      if (used.has(host)) this.#db.run("UPDATE worker SET removed = 1 WHERE host = ?", host);
      else this.#db.run("DELETE FROM worker WHERE host = ?", host);
    }
  }

  #writeJobs(before: StoredCatalog, next: Catalog, files: ReadonlyMap<string, readonly SeenFile[]>): void {
    const known = new Map(before.jobs.map((job) => [job.name, specOf(job)]));
    const seen = this.seenFiles();
    for (const job of next.jobs) {
      const spec = specOf(job);
      if (known.get(job.name) !== spec) {
        this.#db.run(
          "INSERT INTO job (name, removed, spec) VALUES (?, 0, ?) ON CONFLICT (name) DO UPDATE SET removed = 0, spec = excluded.spec",
          job.name,
          spec,
        );
      }
      known.delete(job.name);
      this.#writeFiles(job.name, seen.get(job.name) ?? new Map(), files.get(job.name) ?? []);
    }
    for (const name of known.keys()) {
      if (this.#db.get("SELECT 1 FROM allocation WHERE job = ? LIMIT 1", name))
        this.#db.run("UPDATE job SET removed = 1 WHERE name = ?", name);
      else this.#db.run("DELETE FROM job WHERE name = ?", name);
    }
  }

  #writeFiles(job: string, before: ReadonlyMap<string, SeenFile>, files: readonly SeenFile[]): void {
    const gone = new Set(before.keys());
    for (const file of files) {
      gone.delete(file.path);
      const was = before.get(file.path);
      if (was && was.hash === file.hash && was.executable === file.executable && was.mtimeMs === file.mtimeMs) continue;
      this.#db.run(
        "INSERT INTO job_file (job, path, hash, executable, size, mtime_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (job, path) DO UPDATE SET hash = excluded.hash, executable = excluded.executable, size = excluded.size, mtime_ms = excluded.mtime_ms",
        job,
        file.path,
        file.hash,
        file.executable ? 1 : 0,
        file.size,
        file.mtimeMs,
      );
    }
    for (const path of gone) this.#db.run("DELETE FROM job_file WHERE job = ? AND path = ?", job, path);
  }

  #writeAllocations(before: readonly Allocation[], next: readonly Allocation[]): void {
    // for unchanged allocations, a build passes the same objects that it has read
    const same = new Set(before);
    const others = next.filter((allocation) => !same.has(allocation));
    if (others.length === 0) return;
    const known = new Map(before.map((allocation) => [allocation.id, allocation]));
    const written = others.filter((allocation) => !isRecorded(known.get(allocation.id), allocation));
    // row by row, because one statement for many rows takes SQLite a third longer
    this.#db.runEach(
      "INSERT INTO allocation (id, job, host, disabled, drained, removed, position) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET disabled = excluded.disabled, drained = excluded.drained, removed = excluded.removed, position = excluded.position",
      rowsOf(written),
    );
  }
}

/** Creates the rows one at a time, because a large fleet has tens of thousands of them. */
function* rowsOf(allocations: readonly Allocation[]): Generator<readonly unknown[]> {
  for (const { id, job, host, disabled, drained, removed, index } of allocations)
    yield [id, job, host, disabled ? 1 : 0, drained ? 1 : 0, removed ? 1 : 0, index];
}

function isRecorded(was: Allocation | undefined, { disabled, drained, removed, index }: Allocation): boolean {
  return (
    was !== undefined &&
    was.disabled === disabled &&
    was.drained === drained &&
    was.removed === removed &&
    was.index === index
  );
}

type AllocationRow = readonly [
  id: string,
  host: string,
  disabled: number,
  drained: number | null,
  removed: number,
  position: number,
];

function specOf(job: Job): string {
  const { files: _, ...spec } = job;
  return JSON.stringify(spec);
}

function parse<T>(text: unknown): T {
  return JSON.parse(String(text));
}
