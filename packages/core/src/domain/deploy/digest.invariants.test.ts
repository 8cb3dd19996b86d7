import fc from "fast-check";
import { expect, it } from "vitest";
import { contentHash, treeDigest } from "./digest.ts";

fc.configureGlobal({ seed: 1 });

const file = fc.record({
  path: fc.stringMatching(/^[a-z\n]{1,4}(\/[a-z]{1,3})?$/),
  executable: fc.boolean(),
  hash: fc.constantFrom("a", "b", "c").map(contentHash),
});
const tree = fc.uniqueArray(file, { selector: (one) => one.path, maxLength: 8 });

it("the digest of a tree does not depend on the order of its files", () => {
  const shuffled = tree.chain((files) =>
    fc.tuple(fc.constant(files), fc.shuffledSubarray(files, { minLength: files.length })),
  );
  fc.assert(
    fc.property(shuffled, ([files, others]) => {
      expect(treeDigest(others)).toBe(treeDigest(files));
    }),
  );
});

it("two trees have the same digest only if they are equal", () => {
  const canonical = (files: readonly { path: string; executable: boolean; hash: string }[]) =>
    JSON.stringify(
      [...files].sort((a, b) => (a.path < b.path ? -1 : 1)).map((one) => [one.path, one.executable, one.hash]),
    );
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      expect(treeDigest(a) === treeDigest(b)).toBe(canonical(a) === canonical(b));
    }),
  );
});

it("a change of one file changes the digest of its tree", () => {
  const changed = tree
    .filter((files) => files.length > 0)
    .chain((files) => fc.tuple(fc.constant(files), fc.nat({ max: files.length - 1 })));
  fc.assert(
    fc.property(changed, fc.constantFrom("path", "executable", "hash"), ([files, at], what) => {
      const other = files.map((one, place) => {
        if (place !== at) return one;
        if (what === "path") return { ...one, path: `${one.path}~` };
        return what === "hash" ? { ...one, hash: contentHash("other") } : { ...one, executable: !one.executable };
      });
      expect(treeDigest(other)).not.toBe(treeDigest(files));
    }),
  );
});
