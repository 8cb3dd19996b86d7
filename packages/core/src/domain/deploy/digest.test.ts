import { describe, expect, it } from "vitest";
import { byPath, contentHash, treeDigest } from "./digest.ts";

const file = (path: string, content: string, executable = false) => ({ path, executable, hash: contentHash(content) });

describe("treeDigest", () => {
  const tree = [file("Makefile", "start:"), file("conf/a.conf", "a"), file("run.sh", "#!/bin/sh", true)];

  it("returns the same digest in every version of maand", () => {
    expect(treeDigest(tree)).toBe("dbf6764cf3ffd5b887ce53b28809c20b9f121b8814becab68b2eb04d4288c842");
    expect(treeDigest([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it.each([
    ["the content of a file changes", [file("Makefile", "stop:"), ...tree.slice(1)]],
    ["a file is renamed without a change of the order", [...tree.slice(0, 2), file("run2.sh", "#!/bin/sh", true)]],
    ["a file becomes executable", [file("Makefile", "start:", true), ...tree.slice(1)]],
    ["a file is removed", tree.slice(1)],
    ["a file is added", [...tree, file("zz", "")]],
    ["two files exchange their contents", [file("Makefile", "a"), file("conf/a.conf", "start:"), ...tree.slice(2)]],
  ])("changes when %s", (_, changed) => expect(treeDigest(changed)).not.toBe(treeDigest(tree)));

  it("does not modify its argument", () => {
    const given = [file("b", ""), file("a", "")];
    treeDigest(given);
    expect(given.map((one) => one.path)).toEqual(["b", "a"]);
  });
});

describe("contentHash", () => {
  it("is SHA-256 in lower-case hex, for text and for bytes", () => {
    expect(contentHash("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(contentHash(new TextEncoder().encode("abc"))).toBe(contentHash("abc"));
  });
});

describe("byPath", () => {
  it("sorts capital letters first, whatever the locale", () => {
    const paths = ["b", "a", "B", "ä", "a/b", "a.b", "a-b"].map((path) => ({ path }));
    expect(paths.sort(byPath).map((one) => one.path)).toEqual(["B", "a", "a-b", "a.b", "a/b", "b", "ä"]);
  });
});
