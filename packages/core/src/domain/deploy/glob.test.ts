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

describe("a glob pattern", () => {
  it.each<[string, string, string[]]>([
    ["that is a plain word matches files of this name in any directory", "a.yml", ["a.yml", "conf/a.yml"]],
    ["that is a word with wildcards matches names in any directory", "*.key", ["certs/deep/leaf.key"]],
    ["with one star matches a whole name", "*", PATHS],
    ["that is a path matches only this path", "conf/a.yml", ["conf/a.yml"]],
    ["with a star in a path matches within one directory", "conf/*.yml", ["conf/a.yml"]],
    ["with a question mark never matches a slash", "conf?*.yml", []],
    [
      "with a question mark matches one character of a name",
      "?.yml",
      ["a.yml", "conf.d/x.yml", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"],
    ],
    [
      "with a slash at the end matches the directory and everything in it",
      "conf/",
      ["conf", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    [
      "with /** at the end matches the directory and everything in it",
      "conf/**",
      ["conf", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    ["may have wildcards in the name of a directory", "c*s/**", ["certs/ca.crt", "certs/deep/leaf.key"]],
    ["with two stars before a name matches at any depth", "**/a.yml", ["a.yml", "conf/a.yml"]],
    [
      "with two stars before a path matches at any depth",
      "**/conf/*.yml",
      ["conf/a.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"],
    ],
    [
      "may have two stars at both ends",
      "**/conf/**",
      ["conf", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"],
    ],
    [
      "with two stars in the middle matches any number of directories there, or none",
      "conf/**/*.yml",
      ["conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    [
      "with two stars inside a name matches across directories",
      "conf**yml",
      ["conf.d/x.yml", "conf/a.yml", "conf/deep/b.yml", "conf/deep/conf/c.yml"],
    ],
    ["may have two stars twice", "**deep**c.yml", ["conf/deep/conf/c.yml"]],
    ["of only two stars matches every path", "**", PATHS],
    ["with a class matches one of its characters", "[ab].yml", ["a.yml", "conf/a.yml", "conf/deep/b.yml"]],
    [
      "with a range matches one of its characters",
      "[b-d].yml",
      ["conf/deep/b.yml", "conf/deep/conf/c.yml", "src/conf/d.yml"],
    ],
    ["with a negated class matches any other character", "[^a-c].yml", ["conf.d/x.yml", "src/conf/d.yml"]],
    ["matches an escaped character literally", "a\\.yml", ["a.yml", "conf/a.yml"]],
    ["matches a dot literally", "app?conf", ["app.conf"]],
    ["may have spaces around it", "  app.conf ", ["app.conf"]],
    ["matches nothing if no path fits", "*.toml", []],
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

  it("never matches a slash with a character class", () => {
    expect(matchGlobs(["a[^b]c/d", "a[+-9]c", "a[/]c"], ["a/c/d", "a/c"])).toEqual([]);
  });
  it("is case-sensitive", () => expect(matchGlobs(["makefile"], PATHS)).toEqual([]));
});

describe("matchGlobs with several patterns", () => {
  it("returns each path once, in the order of the paths", () => {
    expect(matchGlobs(["*.crt", "Makefile", "certs/**"], PATHS)).toEqual([
      "Makefile",
      "certs/ca.crt",
      "certs/deep/leaf.key",
    ]);
  });
  it("ignores an invalid pattern", () => {
    expect(matchGlobs(["[", "", "Makefile"], PATHS)).toEqual(["Makefile"]);
  });
});

describe("isGlob", () => {
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
  ])("refuses %j", (pattern) => {
    expect(isGlob(pattern)).toBe(false);
    expect(compileGlob(pattern)).toBeUndefined();
  });
});
