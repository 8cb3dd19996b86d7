import type { Bucket } from "../bucket/bucket.ts";
import { treeDigest } from "../domain/deploy/digest.ts";
import { expiredReleases } from "../domain/release/release.ts";
import { type Catalog, catalogOf } from "../domain/workspace/catalog.ts";
import type { Job } from "../domain/workspace/job.ts";
import type { BuiltWorkspace } from "../store/bucket-rows.ts";
import type { Authorship } from "../workspace/authorship.ts";
import type { Understood } from "./understand.ts";

/** A job whose content is not recorded as a release yet. */
interface NewRelease {
  readonly job: Job;
  readonly digest: string;
}

/** The catalog of a build with the number of each job's release. */
export interface NumberedCatalog {
  readonly catalog: Catalog;
  readonly fresh: readonly NewRelease[];
  /** Jobs from the store of an older version of maand. Their deployed content becomes a release, too. */
  readonly unnumbered: readonly Job[];
  readonly author: Authorship;
}

/**
 * Numbers the releases of a build. A job with the same files as an earlier release gets the number of that release.
 * Jobs that did not change since the last build keep their number.
 */
export function numberReleases(
  bucket: Bucket,
  { catalog, stored, held }: Pick<Understood, "catalog" | "stored" | "held">,
  { parts }: BuiltWorkspace,
  author: Authorship,
): NumberedCatalog {
  const { store } = bucket;
  const before = store.bucket.built()?.parts ?? {};
  const known = new Map(stored.jobs.map((job) => [job.name, job]));
  const isSame = ({ name }: Job) => before[`jobs/${name}`] === parts[`jobs/${name}`];
  const fresh: NewRelease[] = [];
  const unnumbered: Job[] = [];
  const jobs = catalog.jobs.map((job): Job => {
    const was = known.get(job.name);
    const kept = held.get(job.name);
    if (kept) return { ...job, release: kept.release, hold: kept.hold };
    if (was?.release !== undefined && !was.hold && isSame(job)) return { ...job, release: was.release };
    const digest = treeDigest(job.files);
    const number = store.releases.numberOf(job.name, digest);
    if (number !== undefined) return { ...job, release: number };
    const adopted = was && was.release === undefined && treeDigest(was.files) !== digest ? [was] : [];
    unnumbered.push(...adopted);
    fresh.push({ job, digest });
    return { ...job, release: store.releases.last(job.name) + adopted.length + 1 };
  });
  const numbered = catalogOf({ workers: catalog.workers, jobs }, () => catalog.allocations);
  return { catalog: numbered, fresh, unnumbered, author };
}

/**
 * Stores new releases and deletes expired ones. Call this in the transaction that stores the catalog, after the catalog
 * and the contents were stored.
 */
export function storeReleases({ store, now, settings }: Bucket, { fresh, unnumbered, author }: NumberedCatalog): void {
  const { releases } = store;
  const createdAt = now().toISOString();
  const add = (job: Job, digest: string) =>
    releases.add(
      { job: job.name, digest, version: job.version, createdAt, createdBy: author.by, ...commitOf(author) },
      job,
    );
  for (const job of unnumbered) {
    const digest = treeDigest(job.files);
    releases.adopt(job.name, add(job, digest), digest, createdAt);
  }
  for (const { job, digest } of fresh) {
    const number = add(job, digest);
    const inUse = releases.inUse(job.name).add(number);
    releases.delete(job.name, expiredReleases(releases.of(job.name), settings.keepReleases, inUse));
  }
}

function commitOf({ commit }: Authorship): Pick<Authorship, "commit"> {
  return commit === undefined ? {} : { commit };
}
