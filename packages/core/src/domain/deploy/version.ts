import { trimmed } from "../checks/schema-notes.ts";

/** A parsed version. */
export interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];
}

/** The version of a job whose manifest has none. */
export const NO_VERSION = "0.0.0";

const GRAMMAR =
  /^[vV]?(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** The pattern of {@link parseVersion} for editors, including white space around it. */
export const VERSION_PATTERN = trimmed(GRAMMAR);

/**
 * Parses `1`, `1.2` and `1.2.3`, each with an optional prefix `v` and optional suffixes `-prerelease` and `+build`;
 * undefined for anything else. The grammar is strict, so that no version has a special meaning in a shell.
 */
export function parseVersion(text: string): Version | undefined {
  if (text.length > 128) return undefined;
  const match = GRAMMAR.exec(text);
  if (!match) return undefined;
  const [, major = "0", minor = "0", patch = "0", behind] = match;
  const prerelease = behind?.split(".") ?? [];
  if (prerelease.some((identifier) => /^0\d+$/.test(identifier))) return undefined;
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], prerelease };
}

/** Semver precedence: negative if `a` comes before `b`. Missing numbers count as 0. */
export function compareVersions(a: Version, b: Version): number {
  for (const [at, left] of a.numbers.entries()) {
    const right = b.numbers[at] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const left = a[at];
    const right = b[at];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string, b: string): number {
  const numeric = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numeric[0] && numeric[1]) return BigInt(a) === BigInt(b) ? 0 : BigInt(a) < BigInt(b) ? -1 : 1;
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
