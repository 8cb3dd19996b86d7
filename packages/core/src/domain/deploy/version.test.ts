import { describe, expect, it } from "vitest";
import { compareVersions, parseVersion } from "./version.ts";

describe("parseVersion", () => {
  it.each([
    ["1", [1n, 0n, 0n], []],
    ["1.2", [1n, 2n, 0n], []],
    ["1.2.3", [1n, 2n, 3n], []],
    ["v1.2.3", [1n, 2n, 3n], []],
    ["V2", [2n, 0n, 0n], []],
    ["0.0.0", [0n, 0n, 0n], []],
    ["1.0.0-rc.1", [1n, 0n, 0n], ["rc", "1"]],
    ["1.2-beta", [1n, 2n, 0n], ["beta"]],
    ["1.2.3-x-y.7+build.05", [1n, 2n, 3n], ["x-y", "7"]],
    ["1.2.3+b", [1n, 2n, 3n], []],
    ["20240131.99999999999999999999.1", [20240131n, 99999999999999999999n, 1n], []],
  ])("reads %s", (text, numbers, prerelease) => {
    expect(parseVersion(text)).toEqual({ numbers, prerelease });
  });

  it.each([
    ["an empty text", ""],
    ["four numbers", "1.2.3.4"],
    ["an empty number", "1..2"],
    ["a word", "latest"],
    ["another word", "unknown"],
    ["an empty prerelease", "1.0-"],
    ["an empty prerelease identifier", "1.0.0-a..b"],
    ["a prerelease number with a leading zero", "1.0.0-rc.01"],
    ["only build metadata", "+build"],
    ["a sign", "+1"],
    ["an inner space", "1. 2"],
    ["a space before the version", " 1.2.3"],
    ["the letter v twice", "vV1"],
    ["leading zeros", "01.2"],
    ["a negative number", "-1"],
    ["a line end", "1.2.3\n"],
    ["a shell command", "1.0.0$(reboot)"],
    ["another shell command", "1.0.0;id"],
    ["an exponent", "1e3"],
    ["more than 128 characters", `1.0.0-${"a".repeat(130)}`],
  ])("refuses %s", (_, text) => {
    expect(parseVersion(text)).toBeUndefined();
  });
});

describe("compareVersions", () => {
  const ascending = [
    "0.9",
    "1.0.0-0",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0--",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.9",
    "1.0.0-rc.10",
    "1.0.0",
    "1.0.1",
    "1.2",
    "1.10",
    "2",
    "9007199254740993.0.0",
    "9007199254740994.0.0",
  ];
  const orderOf = (a: string, b: string) => {
    const [left, right] = [parseVersion(a), parseVersion(b)];
    return left && right && Math.sign(compareVersions(left, right));
  };
  it.each(ascending.slice(1).map((later, at) => [ascending[at] ?? "", later]))("%s comes before %s", (a, b) => {
    expect(orderOf(a, b)).toBe(-1);
    expect(orderOf(b, a)).toBe(1);
  });
  it.each([
    ["1", "1.0.0"],
    ["v1.2", "1.2.0"],
    ["1.0.0+a", "1.0.0+b"],
    ["1-rc.1", "1.0.0-rc.1+x"],
  ])("%s is equal to %s", (a, b) => expect(orderOf(a, b)).toBe(0));
});
