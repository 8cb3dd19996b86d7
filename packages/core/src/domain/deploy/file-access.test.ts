import { describe, expect, it } from "vitest";
import { changedFiles } from "./changed-files.ts";
import { digestScheme, treeDigest } from "./digest.ts";
import { type AccessedFile, accessChange, accessRules, type FileRule, fileMode, modeText } from "./file-access.ts";

type File = AccessedFile & { readonly hash: string };

const file = (path: string, more: Partial<File> = {}): File => ({ path, hash: "h", executable: false, ...more });

/** The mode, owner and group of a file under these rules, as `0644 app:app`; with ` x` if the file is executable. */
function given(rules: readonly FileRule[], subject: File, secretMode?: number): string {
  const found = accessRules(rules, secretMode)(subject);
  const { owner = "", group = "" } = found.access ?? {};
  return `${modeText(fileMode(found))} ${owner}:${group}${found.executable ? " x" : ""}`;
}

describe("a file on a worker", () => {
  it.each<[string, FileRule[], Partial<File>, string]>([
    ["has mode 0644 if neither a rule nor its plugin sets a mode", [], {}, "0644 :"],
    [
      "has mode 0755 if it is executable, and neither a rule nor its plugin sets a mode",
      [],
      { executable: true },
      "0755 : x",
    ],
    ["has the mode that its plugin set if no rule sets one", [], { mode: 0o600 }, "0600 :"],
    [
      "has the mode of a matching rule",
      [{ pattern: "a/b.conf", mode: 0o640, owner: "app", group: "web" }],
      {},
      "0640 app:web",
    ],
    [
      "has the mode of a rule whose pattern is a name without a directory",
      [{ pattern: "*.conf", mode: 0o640 }],
      {},
      "0640 :",
    ],
    ["has the group of a rule for everything in its directory", [{ pattern: "a/**", group: "web" }], {}, "0644 :web"],
    ["is not affected by a rule that does not match", [{ pattern: "b/*", mode: 0o600 }], {}, "0644 :"],
    [
      "has the mode of the last rule that sets a mode, and the owner of the last rule that sets an owner",
      [
        { pattern: "*.conf", mode: 0o640, owner: "app" },
        { pattern: "a/*", mode: 0o600 },
      ],
      {},
      "0600 app:",
    ],
    [
      "has the mode that a rule sets, not the mode that its plugin set",
      [{ pattern: "*", mode: 0o640 }],
      { mode: 0o600 },
      "0640 :",
    ],
    ["is executable if a rule sets an executable mode", [{ pattern: "*", mode: 0o750 }], {}, "0750 : x"],
    [
      "is not executable if a rule sets a mode that is not executable",
      [{ pattern: "*", mode: 0o640 }],
      { executable: true },
      "0640 :",
    ],
  ])("%s", (_, rules, more, expected) => expect(given(rules, file("a/b.conf", more))).toBe(expected));
});

describe("a file that contains a secret", () => {
  it.each<[string, FileRule[], Partial<File>, number | undefined, string]>([
    ["has mode 0644 if nothing sets a mode", [], {}, undefined, "0644 :"],
    ["has the secret_files_mode of the bucket", [], {}, 0o600, "0600 :"],
    ["can be executed by every user who can read it, if it is executable", [], { executable: true }, 0o640, "0750 : x"],
    ["has the mode that its plugin set, not the secret_files_mode", [], { mode: 0o600 }, 0o640, "0600 :"],
    ["has the mode of a matching rule", [{ pattern: "*", mode: 0o640, group: "app" }], {}, 0o600, "0640 :app"],
    [
      "has the secret_files_mode of the bucket if the matching rule sets no mode",
      [{ pattern: "*", owner: "app" }],
      {},
      0o600,
      "0600 app:",
    ],
  ])("%s", (_, rules, more, mode, expected) =>
    expect(given(rules, file("app.conf", { secret: true, ...more }), mode)).toBe(expected),
  );

  it("is unchanged if secret_files_mode is 0644, which is its mode anyway", () => {
    const subject = file("app.conf", { secret: true });
    expect(accessRules([], 0o644)(subject)).toBe(subject);
  });
});

describe("the digest of a tree", () => {
  const tree = [file("a"), file("b", { mode: 0o600, secret: true })];

  it("depends on neither a plugin's mode nor the secret flag if there are no access rules", () => {
    expect(treeDigest(tree.map(accessRules([], undefined)))).toBe(treeDigest([file("a"), file("b")]));
    expect(digestScheme(tree)).toBe(1);
  });

  it("differs for each access rule", () => {
    const rules: FileRule[] = [{ mode: 0o600 }, { mode: 0o640 }, { owner: "app" }, { group: "app" }].map((access) => ({
      pattern: "a",
      ...access,
    }));
    const digests = rules.map((rule) => treeDigest(tree.map(accessRules([rule], undefined))));
    expect(new Set([treeDigest(tree), ...digests]).size).toBe(5);
    expect(digestScheme(tree.map(accessRules(rules, undefined)))).toBe(2);
  });
});

describe("the list of changed files, for a file with unchanged content", () => {
  const change = (before: Partial<File>, now: Partial<File>) => changedFiles([file("a", before)], [file("a", now)]);

  it.each<[Partial<File>, Partial<File>, string]>([
    [{}, { access: { mode: 0o600 } }, "mode 0644 -> 0600"],
    [{ access: { mode: 0o600 } }, {}, "mode 0600 -> 0644"],
    [{}, { access: { owner: "app", group: "app" } }, "owner default -> app, group default -> app"],
    [{ access: { owner: "app" } }, { access: { mode: 0o640 } }, "mode 0644 -> 0640, owner app -> default"],
  ])("contains the file, and describes its change of access from %j to %j", (before, now, access) => {
    expect(change(before, now)).toEqual([{ path: "a", change: "modified", access }]);
    expect(accessChange(file("a", before), file("a", now))).toBe(access);
  });

  it("contains the file without a description if a new rule sets the mode that the file already has", () => {
    expect(change({}, { access: { mode: 0o644 } })).toEqual([{ path: "a", change: "modified" }]);
  });

  it("does not contain the file if only its plugin's mode and its secret flag differ", () => {
    expect(change({}, { mode: 0o600, secret: true })).toEqual([]);
  });
});
