import fc from "fast-check";
import { expect, it } from "vitest";
import { compileGlob, isGlob, matchGlobs } from "./glob.ts";

fc.configureGlobal({ seed: 1 });

const pattern = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom("*", "**/", "?", "[", "]", "^", "-", "\\", "/", "a", "b", ".") }),
);
const path = fc.stringMatching(/^[ab.]{1,3}(\/[ab.]{1,3}){0,3}$/);

it("matching a pattern and a path never throws", () => {
  fc.assert(
    fc.property(pattern, fc.oneof(path, fc.string()), (text, some) => {
      const test = compileGlob(text);
      expect(isGlob(text)).toBe(test !== undefined);
      expect(typeof (test ?? (() => false))(some)).toBe("boolean");
    }),
    { numRuns: 2000 },
  );
});

it("every pattern matches quickly, even where a regular expression would backtrack", () => {
  const long = "a".repeat(4000);
  for (const evil of ["*a".repeat(60), "**a".repeat(60), "*?".repeat(60), "**/*a".repeat(40), "[a-z]*".repeat(60)]) {
    expect(matchGlobs([`${evil}b`], [long, `${long}/${long}`])).toEqual([]);
  }
});

it("a path with escaped characters matches only itself and paths that end with it", () => {
  fc.assert(
    fc.property(path, path, (one, other) => {
      const escaped = one.replace(/./g, "\\$&").replaceAll("\\/", "/");
      expect(matchGlobs([escaped], [one])).toEqual([one]);
      for (const text of [other, `${other}${one}`, `${other}/${one}`])
        if (matchGlobs([escaped], [text]).length > 0) expect(`/${text}`.endsWith(`/${one}`)).toBe(true);
    }),
  );
});

it("p/** matches p and everything in it, and nothing else", () => {
  fc.assert(
    fc.property(path, path, (directory, below) => {
      const paths = [directory, `${directory}/${below}`, `x${directory}/${below}`, `${directory}x`];
      expect(matchGlobs([`${directory}/**`], paths)).toEqual(paths.slice(0, 2));
    }),
  );
});

it("one star matches like the regular expression [^/]*, and two stars match like .*", () => {
  const pieces = fc
    .array(fc.constantFrom("a", "b", "*", "/a", "?"), { minLength: 1, maxLength: 6 })
    .map((all) => all.join(""));
  fc.assert(
    fc.property(pieces, path, (text, some) => {
      const source = text.replace(/\*\*+|\*|\?/g, (wild) => (wild === "*" ? "[^/]*" : wild === "?" ? "[^/]" : ".*"));
      const expression = new RegExp(`^${source}$`);
      const base = some.slice(some.lastIndexOf("/") + 1);
      const expected = expression.test(some) || (!text.includes("/") && expression.test(base));
      expect(compileGlob(text)?.(some)).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});
