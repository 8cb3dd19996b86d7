import { describe, expect, it } from "vitest";
import { changedFiles } from "./changed-files.ts";
import { digestScheme, treeDigest } from "./digest.ts";
import { type AccessedFile, accessChange, accessRules, type FileRule, fileMode, modeText } from "./file-access.ts";

type File = AccessedFile & { readonly hash: string };

const file = (path: string, more: Partial<File> = {}): File => ({ path, hash: "h", executable: false, ...more });

/** The mode, owner and group of a file, as `0644 app:app`. */
function given(rules: readonly FileRule[], subject: File, secretMode?: number): string {
  const found = accessRules(rules, secretMode)(subject);
  const { owner = "", group = "" } = found.access ?? {};
  return `${modeText(fileMode(found))} ${owner}:${group}${found.executable ? " x" : ""}`;
}

describe("a file on a worker", () => {
  it.each<[string, FileRule[], Partial<File>, string]>([
    ["has the mode of its plugin if no rule matches", [], {}, "0644 :"],
    ["has mode 0755 if it is executable and no rule matches", [], { executable: true }, "0755 : x"],
    ["keeps the mode that its plugin set", [], { mode: 0o600 }, "0600 :"],
    [
      "has the mode of a matching rule",
      [{ pattern: "a/b.conf", mode: 0o640, owner: "app", group: "web" }],
      {},
      "0640 app:web",
    ],
    ["has the mode of a rule for a name at any depth", [{ pattern: "*.conf", mode: 0o640 }], {}, "0640 :"],
    ["has the group of a rule for its directory", [{ pattern: "a/**", group: "web" }], {}, "0644 :web"],
    ["is not affected by a rule that does not match", [{ pattern: "b/*", mode: 0o600 }], {}, "0644 :"],
    [
      "gets each of mode, owner and group from the last rule that sets it",
      [
        { pattern: "*.conf", mode: 0o640, owner: "app" },
        { pattern: "a/*", mode: 0o600 },
      ],
      {},
      "0600 app:",
    ],
    [
      "has the mode of a rule rather than the mode of its plugin",
      [{ pattern: "*", mode: 0o640 }],
      { mode: 0o600 },
      "0640 :",
    ],
    ["is executable if its mode is executable", [{ pattern: "*", mode: 0o750 }], {}, "0750 : x"],
    [
      "is not executable if its mode is not executable",
      [{ pattern: "*", mode: 0o640 }],
      { executable: true },
      "0640 :",
    ],
  ])("%s", (_, rules, more, expected) => expect(given(rules, file("a/b.conf", more))).toBe(expected));
});

describe("a file that contains a secret", () => {
  it.each<[string, FileRule[], Partial<File>, number | undefined, string]>([
    ["has the default mode if no mode is set", [], {}, undefined, "0644 :"],
    ["has the secret_files_mode of the bucket", [], {}, 0o600, "0600 :"],
    ["can be executed by every user that can read it", [], { executable: true }, 0o640, "0750 : x"],
    ["keeps the mode that its plugin set", [], { mode: 0o600 }, 0o640, "0600 :"],
    ["has the mode of a matching rule", [{ pattern: "*", mode: 0o640, group: "app" }], {}, 0o600, "0640 :app"],
    [
      "has the secret_files_mode of the bucket if its rule sets no mode",
      [{ pattern: "*", owner: "app" }],
      {},
      0o600,
      "0600 app:",
    ],
  ])("%s", (_, rules, more, mode, expected) =>
    expect(given(rules, file("app.conf", { secret: true, ...more }), mode)).toBe(expected),
  );

  it("has no recorded mode if secret_files_mode has its default value", () => {
    const subject = file("app.conf", { secret: true });
    expect(accessRules([], 0o644)(subject)).toBe(subject);
  });
});

describe("the digest of a tree", () => {
  const tree = [file("a"), file("b", { mode: 0o600, secret: true })];

  it("does not change if the tree has no access rules", () => {
    expect(treeDigest(tree.map(accessRules([], undefined)))).toBe(treeDigest([file("a"), file("b")]));
    expect(digestScheme(tree)).toBe(1);
  });

  it("changes with each access rule", () => {
    const rules: FileRule[] = [{ mode: 0o600 }, { mode: 0o640 }, { owner: "app" }, { group: "app" }].map((access) => ({
      pattern: "a",
      ...access,
    }));
    const digests = rules.map((rule) => treeDigest(tree.map(accessRules([rule], undefined))));
    expect(new Set([treeDigest(tree), ...digests]).size).toBe(5);
    expect(digestScheme(tree.map(accessRules(rules, undefined)))).toBe(2);
  });
});

describe("a change of access without a change of content", () => {
  const change = (before: Partial<File>, now: Partial<File>) => changedFiles([file("a", before)], [file("a", now)]);

  it.each<[Partial<File>, Partial<File>, string]>([
    [{}, { access: { mode: 0o600 } }, "mode 0644 -> 0600"],
    [{ access: { mode: 0o600 } }, {}, "mode 0600 -> 0644"],
    [{}, { access: { owner: "app", group: "app" } }, "owner default -> app, group default -> app"],
    [{ access: { owner: "app" } }, { access: { mode: 0o640 } }, "mode 0644 -> 0640, owner app -> default"],
  ])("from %j to %j is a modification", (before, now, access) => {
    expect(change(before, now)).toEqual([{ path: "a", change: "modified", access }]);
    expect(accessChange(file("a", before), file("a", now))).toBe(access);
  });

  it("is not a modification if the file already has the new mode", () => {
    expect(change({}, { access: { mode: 0o644 } })).toEqual([{ path: "a", change: "modified" }]);
  });

  it("is not detected in a file list without modes", () => {
    expect(change({}, { mode: 0o600, secret: true })).toEqual([]);
  });
});
