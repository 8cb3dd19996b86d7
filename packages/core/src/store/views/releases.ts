import type { Hold } from "../../domain/release/hold.ts";
import { type Release, releaseName, type Verdict, verdictOf } from "../../domain/release/release.ts";
import type { Store } from "../store.ts";

/** One row of `maand releases`. */
export interface ReleaseView extends Omit<Release, "job" | "digest" | "deployed"> {
  /** `r14`. */
  readonly release: string;
  readonly verdict: Verdict;
  /** Hosts of the allocations that run it, in worker order. */
  readonly hosts: readonly string[];
  /** Whether it is the desired release, which a deploy rolls out wherever it does not run yet. */
  readonly isWanted: boolean;
  /** Present if the release is held. */
  readonly hold?: Hold;
}

/** The releases of a job, newest first, from the store alone. */
export function jobReleases(store: Store, job: string): ReleaseView[] {
  const wanted = store.catalog.read().jobs.find(({ name }) => name === job);
  const hosts = store.releases.hostsOf(job);
  const hold = wanted?.hold;
  return store.releases.of(job).map(({ job: _, digest: __, deployed, ...release }) => ({
    ...release,
    release: releaseName(release.number),
    verdict: verdictOf({ ...release, deployed }),
    hosts: hosts.get(release.number) ?? [],
    isWanted: wanted?.release === release.number && hold?.release !== release.number,
    ...(hold?.release === release.number ? { hold } : {}),
  }));
}
