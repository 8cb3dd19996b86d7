import { describe, expect, it } from "vitest";
import { isKeepPattern, KEEP_PATTERN, keepExpression } from "./keep.ts";

const PATHS = ["a.pid", "sub/b.pid", "run", "run/x", "sub/run/x", "cache/a.db", "cache/deep/a.db", "a.pidx", "axpid"];

describe("a pattern in keep protects", () => {
  it.each<[string, string, string[]]>([
    ["a name in any directory", "a.pid", ["a.pid"]],
    ["matching names in any directory", "*.pid", ["a.pid", "sub/b.pid"]],
    ["a directory of this name at any depth, with everything in it", "run", ["run", "run/x", "sub/run/x"]],
    ["only a directory at the top if it ends with a slash", "run/", ["run", "run/x"]],
    ["a path from the top", "cache/*.db", ["cache/a.db"]],
    ["a name with any character in place of a question mark", "?.pid", ["a.pid", "sub/b.pid"]],
    ["a name without the spaces around the pattern", "  a.pid ", ["a.pid"]],
  ])("%s: %s", (_, pattern, expected) => {
    const kept = new RegExp(keepExpression([pattern]));
    expect(PATHS.filter((path) => kept.test(path))).toEqual(expected);
  });

  it("the files that match any of several patterns", () => {
    const kept = new RegExp(keepExpression(["run/", "*.pid"]));
    expect(PATHS.filter((path) => kept.test(path))).toEqual(["a.pid", "sub/b.pid", "run", "run/x"]);
  });

  it("a name with special characters of regular expressions, which match literally", () => {
    const kept = new RegExp(keepExpression(["a+(b)|$^{1}.x"]));
    expect([kept.test("a+(b)|$^{1}.x"), kept.test("aab")]).toEqual([true, false]);
  });
});

it.each(["", "  ", "/", "/run", "../x", "a/../b", "a//b", "[ab]", "a\\b", ".", "./a"])(
  "%j is an invalid pattern for keep",
  (pattern) => {
    expect(isKeepPattern(pattern)).toBe(false);
    expect(new RegExp(KEEP_PATTERN, "u").test(pattern)).toBe(false);
  },
);

it.each(["a", "*.pid", "run/", "a/b/*.c", "..a", ".hidden", "a b", " a "])(
  "%j is a valid pattern for keep",
  (pattern) => {
    expect(isKeepPattern(pattern)).toBe(true);
    expect(new RegExp(KEEP_PATTERN, "u").test(pattern)).toBe(true);
  },
);
