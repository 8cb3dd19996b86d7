import type { Hold } from "../domain/release/hold.ts";
import type { Release, ReleaseContent } from "../domain/release/release.ts";
import type { JobFile } from "../domain/workspace/job.ts";
import type { Row, StoreDatabase } from "./database.ts";

/**
 * A held release, which is not deployed as long as the workspace contains its files, and the release that is deployed
 * instead.
 */
export interface HeldRelease {
  readonly job: string;
  readonly digest: string;
  /** The number of the release to deploy instead; undefined if there is none. The job is then not deployed at all. */
  readonly instead: number | undefined;
  readonly hold: Hold;
}

/** The release of a job before and after a rollout of one run. */
export interface RolledOut {
  readonly job: string;
  readonly release: number;
  /** The number of the release that ran before; undefined if no release did. */
  readonly previous: number | undefined;
}

/** The numbered releases of each job, with their files by content hash, and the results of their rollouts. */
export class ReleaseRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** The releases of a job, newest first. */
  of(job: string): Release[] {
    return this.#db.all("SELECT * FROM release WHERE job = ? ORDER BY number DESC", job).map(releaseOf);
  }

  find(job: string, number: number): Release | undefined {
    const row = this.#db.get("SELECT * FROM release WHERE job = ? AND number = ?", job, number);
    return row && releaseOf(row);
  }

  /** The number of the newest release with these files. */
  numberOf(job: string, digest: string): number | undefined {
    const row = this.#db.get("SELECT max(number) AS last FROM release WHERE job = ? AND digest = ?", job, digest);
    return row?.last === null || row === undefined ? undefined : Number(row.last);
  }

  /** The highest number of a job's releases; 0 if it has none. */
  last(job: string): number {
    return Number(this.#db.get("SELECT max(number) AS last FROM release WHERE job = ?", job)?.last ?? 0);
  }

  /** The manifest and files of a release. */
  content(job: string, number: number): ReleaseContent | undefined {
    const row = this.#db.get("SELECT manifest FROM release WHERE job = ? AND number = ?", job, number);
    if (!row) return undefined;
    const files = this.#db.all(
      "SELECT path, hash, executable, size FROM release_file WHERE job = ? AND number = ? ORDER BY path",
      job,
      number,
    );
    return { manifest: JSON.parse(String(row.manifest)), files: files.map(fileOf) };
  }

  /** Adds a release with the next number, and returns the number. Its contents must already be stored. */
  add(
    { job, digest, version, createdAt, createdBy, commit }: Omit<Release, "number" | "deployed">,
    { manifest, files }: ReleaseContent,
  ): number {
    const number = this.last(job) + 1;
    this.#db.run(
      "INSERT INTO release (job, number, digest, version, manifest, created_at, created_by, git_commit) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      ...[job, number, digest, version, JSON.stringify(manifest), createdAt, createdBy, commit ?? null],
    );
    for (const { path, hash, executable, size } of files)
      this.#db.run(
        "INSERT INTO release_file (job, number, path, hash, executable, size) VALUES (?, ?, ?, ?, ?, ?)",
        ...[job, number, path, hash, executable ? 1 : 0, size],
      );
    return number;
  }

  delete(job: string, numbers: readonly number[]): void {
    for (const number of numbers) this.#db.run("DELETE FROM release WHERE job = ? AND number = ?", job, number);
  }

  /** Hosts of the allocations that run each release of a job, by its number. */
  hostsOf(job: string): Map<number, string[]> {
    const rows = this.#db.all(
      "SELECT promoted.release AS number, host FROM promoted JOIN allocation ON allocation.id = promoted.allocation WHERE job = ? AND promoted.release IS NOT NULL AND stopped = 0 ORDER BY position, host",
      job,
    );
    const hosts = new Map<number, string[]>();
    for (const row of rows) {
      const list = hosts.get(Number(row.number)) ?? [];
      hosts.set(Number(row.number), list);
      list.push(String(row.host));
    }
    return hosts;
  }

  /**
   * Numbers of the releases that an allocation was promoted with, even if the allocation is stopped, and of the
   * releases that a hold or an open rollout names.
   */
  inUse(job: string): Set<number> {
    const rows = this.#db.all(
      "SELECT promoted.release AS number FROM promoted JOIN allocation ON allocation.id = promoted.allocation WHERE job = ? UNION SELECT json_extract(held, '$.instead') FROM release WHERE job = ? AND held IS NOT NULL UNION SELECT number FROM release WHERE job = ? AND held IS NOT NULL UNION SELECT previous FROM rollout WHERE job = ?",
      ...[job, job, job, job],
    );
    return new Set(rows.flatMap(({ number }) => (number === null ? [] : [Number(number)])));
  }

  /** Records the release for allocations whose files were promoted before releases were numbered. */
  adopt(job: string, number: number, digest: string, at: string): void {
    this.#db.run(
      "UPDATE promoted SET release = ? WHERE release IS NULL AND EXISTS (SELECT 1 FROM planned JOIN allocation ON allocation.id = planned.allocation WHERE planned.allocation = promoted.allocation AND job = ? AND planned.source = ? AND planned.digest = promoted.digest)",
      ...[number, job, digest],
    );
    this.#db.run(
      "UPDATE release SET deployed = 1 WHERE job = ? AND number = ? AND EXISTS (SELECT 1 FROM promoted JOIN allocation ON allocation.id = promoted.allocation WHERE allocation.job = release.job AND promoted.release = release.number)",
      ...[job, number],
    );
    this.confirm(job, number, at);
  }

  /** Marks a release as good if all active allocations of its job run it, were checked since, and are healthy. */
  confirm(job: string, number: number, at: string): void {
    const active = "SELECT 1 FROM allocation WHERE job = release.job AND removed = 0 AND disabled = 0";
    const unconfirmed =
      "NOT EXISTS (SELECT 1 FROM promoted WHERE promoted.allocation = allocation.id AND promoted.release = release.number AND health_failed = 0 AND stopped = 0) OR EXISTS (SELECT 1 FROM pending_health WHERE pending_health.allocation = allocation.id)";
    this.#db.run(
      `UPDATE release SET good_at = ?, bad = NULL WHERE job = ? AND number = ? AND EXISTS (${active}) AND NOT EXISTS (${active} AND (${unconfirmed}))`,
      ...[at, job, number],
    );
  }

  markBad(job: string, number: number, reason: string): void {
    this.#db.run("UPDATE release SET bad = ? WHERE job = ? AND number = ?", reason, job, number);
  }

  /** The held releases. */
  held(): HeldRelease[] {
    return this.#db.all("SELECT job, number, digest, version, held FROM release WHERE held IS NOT NULL").map(heldOf);
  }

  hold({ job, instead, hold }: Omit<HeldRelease, "digest">): void {
    const { release, kind, reason, since, by } = hold;
    const held = JSON.stringify({ instead: instead ?? null, kind, reason, since, by });
    this.#db.run("UPDATE release SET held = ? WHERE job = ? AND number = ?", held, job, release);
  }

  endHold(job: string, number: number): void {
    this.#db.run("UPDATE release SET held = NULL, bad = NULL WHERE job = ? AND number = ?", job, number);
  }

  /**
   * Records the release that a run rolls out and the release that ran before. Call this before the rollout starts. A
   * later rollout in the same run keeps the first record.
   */
  noteRollout(run: number, { job, release, previous }: RolledOut): void {
    this.#db.run(
      "INSERT INTO run_release (run, job, release, previous) VALUES (?, ?, ?, ?) ON CONFLICT (run, job) DO NOTHING",
      ...[run, job, release, previous ?? null],
    );
  }

  rolledOut(run: number): RolledOut[] {
    return this.#db
      .all("SELECT job, release, previous FROM run_release WHERE run = ? ORDER BY job", run)
      .map((row) => ({
        job: String(row.job),
        release: Number(row.release),
        previous: row.previous === null ? undefined : Number(row.previous),
      }));
  }

  /** Deletes the records of rollouts, except those of the newest runs. */
  trim(keepRuns: number): void {
    this.#db.run("DELETE FROM run_release WHERE run <= (SELECT max(number) FROM run) - ?", keepRuns);
  }
}

function releaseOf(row: Row): Release {
  return {
    job: String(row.job),
    number: Number(row.number),
    digest: String(row.digest),
    version: String(row.version),
    createdAt: String(row.created_at),
    createdBy: String(row.created_by),
    ...(row.git_commit === null ? {} : { commit: String(row.git_commit) }),
    deployed: row.deployed === 1,
    ...(row.good_at === null ? {} : { goodAt: String(row.good_at) }),
    ...(row.bad === null ? {} : { bad: String(row.bad) }),
  };
}

function fileOf(row: Row): JobFile {
  return {
    path: String(row.path),
    hash: String(row.hash),
    executable: row.executable === 1,
    size: Number(row.size),
  };
}

interface WrittenHold extends Omit<Hold, "release" | "version"> {
  readonly instead: number | null;
}

function heldOf(row: Row): HeldRelease {
  const { instead, ...rest }: WrittenHold = JSON.parse(String(row.held));
  return {
    job: String(row.job),
    digest: String(row.digest),
    instead: instead ?? undefined,
    hold: { release: Number(row.number), version: String(row.version), ...rest },
  };
}
