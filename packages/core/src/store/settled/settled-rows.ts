import type { StoreDatabase } from "../database.ts";

/**
 * The version, release and files that all allocations of a settled job were promoted with. A settled job needs no
 * action.
 */
export interface SettledJob {
  /** The digest of the trees of its allocations. */
  readonly digest: string;
  readonly version: string;
  /** The number of their release; absent if an older version of maand promoted them. */
  readonly release: number | undefined;
  /** The digest of the job's files that the trees were rendered from, including sources. */
  readonly source: string;
}

/**
 * The settled jobs. Each row is derived from other rows of the same file, and triggers delete it when one of these rows
 * changes. Every working copy of a shared store therefore has its own rows.
 */
export class SettledRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /**
   * The jobs that still need no action, by name, without jobs that have an open step, a pending check or hook, or an
   * open rollout.
   */
  all(): Map<string, SettledJob> {
    return new Map(
      this.#db.all(STILL_SETTLED).map(({ job, digest, version, release, source }) => [
        String(job),
        {
          digest: String(digest),
          version: String(version),
          release: release === null ? undefined : Number(release),
          source: String(source),
        },
      ]),
    );
  }

  /** Records which of these jobs need no action. Call this in a transaction, at the end of a deploy. */
  note(jobs: readonly string[]): void {
    const known = new Set(this.#db.all("SELECT job FROM settled_job").map(({ job }) => String(job)));
    const others = jobs.filter((job) => !known.has(job));
    if (others.length > 0) this.#db.run(NOTE, JSON.stringify(others));
  }
}

/**
 * A job is settled only while its placement is recorded. The comment in the first line names the tables whose deferred
 * writes must run first, because their triggers might delete rows.
 */
const STILL_SETTLED = `-- allocation promoted staged planned
  SELECT job, digest, version, release, source FROM settled_job WHERE job IN (SELECT job FROM placement) AND job NOT IN (
    SELECT a.job FROM step s JOIN allocation a ON a.id = s.allocation WHERE s.settled = 0
    UNION SELECT a.job FROM pending_health h JOIN allocation a ON a.id = h.allocation
    UNION SELECT job FROM pending_after
    UNION SELECT job FROM rollout
  )`;

/**
 * Selects jobs whose placement is recorded, and whose allocations all have the same plan and are promoted with it:
 * running with its files, or disabled and stopped. The plus signs prevent SQLite from reading job by job. The four
 * tables are sorted by id, so SQLite would read each of their pages once per job.
 */
const NOTE = `INSERT INTO settled_job (job, digest, version, release, source)
  SELECT a.job, min(p.digest), min(p.version), min(p.release), min(l.source)
  FROM allocation a
    LEFT JOIN promoted p ON p.allocation = a.id
    LEFT JOIN staged s ON s.allocation = a.id
    LEFT JOIN planned l ON l.allocation = a.id
  WHERE a.removed = 0 AND +a.job IN (SELECT value FROM json_each(?) WHERE value IN (SELECT job FROM placement))
  GROUP BY +a.job
  HAVING count(*) = total(
      l.digest = p.digest AND l.source IS NOT NULL AND p.health_failed = 0
      AND CASE a.disabled WHEN 0 THEN p.stopped = 0 AND s.digest = p.digest ELSE p.stopped = 1 END
    )
    AND min(p.digest) = max(p.digest) AND min(p.version) = max(p.version) AND min(l.source) = max(l.source)
    AND count(p.release) IN (0, count(*)) AND min(p.release) IS max(p.release)`;
