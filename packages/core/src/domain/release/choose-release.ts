import { parseVersion } from "../deploy/version.ts";
import { type Release, releaseName, releaseNumber, verdictOf } from "./release.ts";

/**
 * The named or chosen release of a job. If there is none, `problem` is the reason and `hint` lists the valid releases.
 */
export type ChosenRelease = { readonly release: Release } | { readonly problem: string; readonly hint: string };

/**
 * Finds the release with a given name: `r12`, `12`, or a version, which means the newest release with that version.
 * Versions are compared as text, with or without the `v` at the start of `name`. `releases` are the releases of one
 * job, newest first.
 */
export function namedRelease(job: string, name: string, releases: readonly Release[]): ChosenRelease {
  const number = releaseNumber(name);
  const byVersion = releases.find(({ version }) => version === name || version === name.replace(/^v/i, ""));
  const release = releases.find((one) => one.number === number) ?? byVersion;
  if (release) return { release };
  if (number === undefined && parseVersion(name) === undefined)
    return { problem: `"${name}" is neither a release nor a version`, hint: "write r12, or a version such as 1.4.0" };
  return {
    problem: `${job} has no release ${number === undefined ? name : releaseName(number)}`,
    hint: kept(releases),
  };
}

/**
 * The target of a rollback without a named release: the release, other than the desired one, that was most recently
 * healthy on all active allocations. A bad or held release is never chosen.
 */
export function lastGoodRelease(
  job: string,
  releases: readonly Release[],
  { wanted, held }: { readonly wanted: number | undefined; readonly held: ReadonlySet<number> },
): ChosenRelease {
  const good = releases
    .filter((release) => verdictOf(release) === "good" && release.number !== wanted && !held.has(release.number))
    .sort((a, b) => ((a.goodAt ?? "") < (b.goodAt ?? "") ? 1 : a.goodAt === b.goodAt ? b.number - a.number : -1));
  const [release] = good;
  if (release) return { release };
  return {
    problem: `no other release of ${job} was healthy on all its allocations`,
    hint: `name one with --to; ${kept(releases)}`,
  };
}

function kept(releases: readonly Release[]): string {
  if (releases.length === 0) return "it has none yet; maand build creates the first one";
  const names = releases.map(({ number, version }) => `${releaseName(number)} (${version})`);
  return `it has ${names.slice(0, 8).join(", ")}${names.length > 8 ? " and older ones" : ""}`;
}
