import fc from "fast-check";
import { expect, it } from "vitest";
import { compareVersions, parseVersion, type Version } from "./version.ts";

fc.configureGlobal({ seed: 1 });

/** The parts of the semver package that are used here; it comes without types. */
interface Oracle {
  compare(a: string, b: string): number;
  valid(text: string): string | null;
}
const packageName: string = "semver";
const semver: Oracle = (await import(packageName)).default;

const number = fc
  .oneof({ weight: 5, arbitrary: fc.nat({ max: 1 }) }, { weight: 1, arbitrary: fc.nat({ max: 100_000 }) })
  .map(String);
const identifier = fc.oneof(number, fc.constantFrom("rc", "rc1", "rc10", "alpha", "a-b", "-", "0a"));
const version = fc
  .tuple(
    fc.tuple(number, number, number),
    fc.array(identifier, { maxLength: 3 }),
    fc.option(fc.constantFrom("b", "01.x")),
  )
  .map(
    ([numbers, prerelease, build]) =>
      numbers.join(".") +
      (prerelease.length > 0 ? `-${prerelease.join(".")}` : "") +
      (build === null ? "" : `+${build}`),
  );

function parsed(text: string): Version {
  const read = parseVersion(text);
  if (!read) throw new Error(`${text} should be a version`);
  return read;
}
const order = (a: string, b: string) => Math.sign(compareVersions(parsed(a), parsed(b)));

it("versions have the same order as in the semver package", () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      expect(order(a, b)).toBe(Math.sign(semver.compare(a, b)));
    }),
    { numRuns: 1000 },
  );
});

it("a string of three numbers is a version exactly if the semver package accepts it", () => {
  const almost = fc.oneof(version, fc.stringMatching(/^\d{1,2}\.\d{1,2}\.\d{1,2}[-+.]?[0-9a-z.+-]{0,6}$/));
  fc.assert(
    fc.property(almost, (text) => {
      expect(parseVersion(text) !== undefined).toBe(semver.valid(text) !== null);
    }),
    { numRuns: 1000 },
  );
});

it("swapping two versions reverses their order, and the order of three versions is transitive", () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(order(a, a)).toBe(0);
      expect(order(a, b) + order(b, a)).toBe(0);
      if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

it("the parser never throws, and accepts only the characters of a version", () => {
  const odd = fc.constantFrom(" ", "_", "/", "\n", "é", "~", "v", "-", ".");
  const almost = fc.tuple(version, odd, fc.nat()).map(([text, sign, at]) => {
    const place = at % (text.length + 1);
    return `${text.slice(0, place)}${sign}${text.slice(place)}`;
  });
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), version, almost), (text) => {
      if (!parseVersion(text)) return;
      accepted += 1;
      expect(text).toMatch(/^[vV]?[0-9][0-9A-Za-z.+-]*$/);
    }),
    { numRuns: 1000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
