import { describe, expect, it } from "vitest";
import { isKeepPattern, KEEP_PATTERN, keepExpression } from "./keep.ts";

const PATHS = ["a.pid", "sub/b.pid", "run", "run/x", "sub/run/x", "cache/a.db", "cache/deep/a.db", "a.pidx", "axpid"];

describe("a pattern of keep protects", () => {
  it.each<[string, string, string[]]>([
    ["a name anywhere", "a.pid", ["a.pid"]],
    ["names anywhere", "*.pid", ["a.pid", "sub/b.pid"]],
    ["a directory of that name anywhere, with all below", "run", ["run", "run/x", "sub/run/x"]],
    ["with a slash, a directory at the top, with all below", "run/", ["run", "run/x"]],
    ["a path from the top", "cache/*.db", ["cache/a.db"]],
    ["one character", "?.pid", ["a.pid", "sub/b.pid"]],
    ["its text without surrounding blanks", "  a.pid ", ["a.pid"]],
  ])("%s: %s", (_, pattern, expected) => {
    const kept = new RegExp(keepExpression([pattern]));
    expect(PATHS.filter((path) => kept.test(path))).toEqual(expected);
  });

  it("each of several", () => {
    const kept = new RegExp(keepExpression(["run/", "*.pid"]));
    expect(PATHS.filter((path) => kept.test(path))).toEqual(["a.pid", "sub/b.pid", "run", "run/x"]);
  });

  it("special characters of regular expressions literally", () => {
    const kept = new RegExp(keepExpression(["a+(b)|$^{1}.x"]));
    expect([kept.test("a+(b)|$^{1}.x"), kept.test("aab")]).toEqual([true, false]);
  });
});

it.each(["", "  ", "/", "/run", "../x", "a/../b", "a//b", "[ab]", "a\\b", ".", "./a"])("%j is invalid", (pattern) => {
  expect(isKeepPattern(pattern)).toBe(false);
  expect(new RegExp(KEEP_PATTERN, "u").test(pattern)).toBe(false);
});

it.each(["a", "*.pid", "run/", "a/b/*.c", "..a", ".hidden", "a b", " a "])("%j is valid", (pattern) => {
  expect(isKeepPattern(pattern)).toBe(true);
  expect(new RegExp(KEEP_PATTERN, "u").test(pattern)).toBe(true);
});
