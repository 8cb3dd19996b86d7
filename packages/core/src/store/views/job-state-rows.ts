import { groupBy } from "../../domain/group-by.ts";
import type { StoreDatabase } from "../database.ts";

/** The recorded state of all allocations of a job that are not removed. */
export interface JobState {
  /** Number of these allocations. */
  readonly count: number;
  /** Everything that planning reads about these allocations. Equal strings mean equal states. */
  readonly text: string;
  /** The recorded release of all these allocations; undefined if their releases differ, or if one of them has none. */
  readonly release: number | undefined;
}

/** The recorded state of whole jobs, read without a row for each allocation: a large bucket has tens of thousands. */
export class JobStateRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** The states of these jobs, by name; jobs without allocations are absent. */
  of(jobs: readonly string[]): Map<string, JobState> {
    const named = JSON.stringify(jobs);
    // sorted by id, so that all tables are read sequentially; to group the lines, SQLite would sort all of them
    const row = this.#db.get(
      "SELECT group_concat(line, char(10)) AS lines FROM (SELECT a.job || char(9) || ifnull(p.release, '') || char(9) || json_array(a.host, a.disabled, a.position, p.digest, p.version, p.health_failed, p.stopped, p.previous_version, p.update_seq, s.allocation IS NOT NULL, s.digest, h.first) AS line FROM allocation a NOT INDEXED LEFT JOIN promoted p ON p.allocation = a.id LEFT JOIN staged s ON s.allocation = a.id LEFT JOIN pending_health h ON h.allocation = a.id WHERE a.removed = 0 AND a.job IN (SELECT value FROM json_each(?)) ORDER BY a.id)",
      named,
    );
    const lines = groupBy(typeof row?.lines === "string" ? row.lines.split("\n") : [], (line) => fieldOf(line, 0));
    const open = this.#open(named);
    return new Map(
      [...lines].map(([job, ofJob]) => {
        const text = [...ofJob, ...(open.get(job) ?? [])].join("\n");
        return [job, { count: ofJob.length, text, release: commonRelease(ofJob) }];
      }),
    );
  }

  /**
   * Jobs with an allocation whose last plan differs from the promoted one, or was made from files with none of these
   * digests.
   */
  unplanned(sources: readonly string[]): Set<string> {
    // CROSS JOIN keeps the order: the first two tables are read in parallel, and the last one only for rows that differ
    const rows = this.#db.all(
      "SELECT DISTINCT a.job AS job FROM promoted p LEFT JOIN planned l ON l.allocation = p.allocation CROSS JOIN allocation a ON a.id = p.allocation WHERE l.digest IS NOT p.digest OR l.source IS NULL OR l.source NOT IN (SELECT value FROM json_each(?))",
      JSON.stringify(sources),
    );
    return new Set(rows.map(({ job }) => String(job)));
  }

  /** Commands that did not lead to a promotion, one line each, by job. */
  #open(named: string): Map<string, string[]> {
    const rows = this.#db.all(
      "SELECT a.job AS job, json_array(a.host, t.kind, t.outcome, t.run, t.digest, t.version, t.receipt, t.update_seq) AS line FROM step t JOIN allocation a ON a.id = t.allocation WHERE t.settled = 0 AND t.kind IN ('start','restart','reload','stop','loss') AND a.removed = 0 AND a.job IN (SELECT value FROM json_each(?)) ORDER BY t.id",
      named,
    );
    const lines = new Map<string, string[]>();
    for (const { job, line } of rows) lines.set(String(job), [...(lines.get(String(job)) ?? []), String(line)]);
    return lines;
  }
}

/** A field of a line: the job (0) or its release (1). The state follows as JSON, which has no tabs. */
function fieldOf(line: string, at: 0 | 1): string {
  const end = line.indexOf("\t");
  return at === 0 ? line.slice(0, end) : line.slice(end + 1, line.indexOf("\t", end + 1));
}

function commonRelease([first = "", ...others]: readonly string[]): number | undefined {
  const release = fieldOf(first, 1);
  return release !== "" && others.every((line) => fieldOf(line, 1) === release) ? Number(release) : undefined;
}
