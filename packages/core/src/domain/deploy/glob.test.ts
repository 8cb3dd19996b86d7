import { describe, expect, it } from "vitest";
import { compileGlob, isGlob, matchGlobs } from "./glob.ts";

const PATHS = [
  "Makefile",
  "a.yml",
  "app.conf",
  "certs/ca.crt",
  "certs/deep/leaf.key",
  "conf",
  "conf.d/x.yml",
  "conf/a.yml",
  "conf/deep/b.yml",
  "conf/deep/conf/c.yml",
  "manifest.json",
  "src/conf/d.yml",
];

describe("a pattern matches", () => {
  it.each<[string, string, string[]]>([
    ["a plain word: a file of that name anywhere", "a.yml", ["a.yml", "conf/a.yml"]],
    ["a word with wildcards: names anywhere", "*.key", ["certs/deep/leaf.key"]],
    ["one star: a whole name", "*", PATHS],
    ["a path: that path only", "conf/a.yml", ["conf/a.yml"]],
    ["a star in a path stays in its directory", "conf/*.yml", ["conf/a.yml"]],
    ["a question mark is one character, never a slash", "conf?*.yml", []],
    [
      "a question mark in a name",
      "?.yml",
      ["a.yml", "conf.d/x.yml", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"],
    ],
    [
      "a directory with a slash: itself and all below",
      "conf/",
      ["conf", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    [
      "a directory with /**: itself and all below",
      "conf/**",
      ["conf", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    ["a directory with wildcards", "c*s/**", ["certs/ca.crt", "certs/deep/leaf.key"]],
    ["two stars and a name: at any depth", "**/a.yml", ["a.yml", "conf/a.yml"]],
    ["two stars and a path: at any depth", "**/conf/*.yml", ["conf/a.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"]],
    [
      "two stars on both ends",
      "**/conf/**",
      ["conf", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"],
    ],
    [
      "two stars in between: no directory or many",
      "conf/**/*.yml",
      ["conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    [
      "two stars inside a name match across directories",
      "conf**yml",
      ["conf.d/x.yml", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    ["two stars twice", "**deep**c.yml", ["conf/deep/conf/c.yml"]],
    ["only two stars", "**", PATHS],
    ["a class", "[ab].yml", ["a.yml", "conf/a.yml", "conf/deep/b.yml"]],
    ["a range", "[b-d].yml", ["conf/deep/b.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"]],
    ["a negated class", "[^a-c].yml", ["conf.d/x.yml", "src/conf/d.yml"]],
    ["an escaped character is itself", "a\\.yml", ["a.yml", "conf/a.yml"]],
    ["a dot is a dot", "app?conf", ["app.conf"]],
    ["spaces around the pattern do not count", "  app.conf ", ["app.conf"]],
    ["nothing, if no path matches", "*.toml", []],
  ])("%s", (_, pattern, expected) => expect(matchGlobs([pattern], PATHS)).toEqual(expected));

  it.each([
    ["a\\*b", "a*b", "axb"],
    ["[\\]]", "]", "\\"],
    ["[a\\-c]", "-", "b"],
    ["[a-]", "-", "b"],
    ["conf**/x", "conf.d/x", "confx"],
    ["[*]", "*", "x"],
    ["[.]", ".", "x"],
    ["[[]", "[", "x"],
    ["a+(b)|^$", "a+(b)|^$", "aab"],
    ["ä?", "ä😀", "ä"],
    ["[😀-😂]", "😁", "😃"],
  ])("%s matches %s but not %s", (pattern, yes, no) => {
    expect(matchGlobs([pattern], [yes, no])).toEqual([yes]);
  });

  it("no character class matches a slash", () => {
    expect(matchGlobs(["a[^b]c/d", "a[+-9]c", "a[/]c"], ["a/c/d", "a/c"])).toEqual([]);
  });
  it("matching is case-sensitive", () => expect(matchGlobs(["makefile"], PATHS)).toEqual([]));
});

describe("several patterns", () => {
  it("return each path once, in the order of the paths", () => {
    expect(matchGlobs(["*.crt", "Makefile", "certs/**"], PATHS)).toEqual([
      "Makefile",
      "certs/ca.crt",
      "certs/deep/leaf.key",
    ]);
  });
  it("an invalid pattern matches nothing and does not affect the others", () => {
    expect(matchGlobs(["[", "", "Makefile"], PATHS)).toEqual(["Makefile"]);
  });
});

describe("an invalid pattern", () => {
  it.each([
    "",
    "   ",
    "[",
    "[]",
    "[]a]",
    "[^]",
    "[a",
    "[a-",
    "[z-a]",
    "a\\",
    "[a\\",
    "conf/[",
    "[a\\]",
    "a\\/",
    "[**/",
  ])("is %j", (pattern) => {
    expect(isGlob(pattern)).toBe(false);
    expect(compileGlob(pattern)).toBeUndefined();
  });
});
