import { describe, expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { resolveManifest } from "./manifest.ts";

const FILE = "workspace/jobs/api/manifest.json: ";

function resolve(files: unknown) {
  const problems: Problem[] = [];
  const manifest = resolveManifest("api", { files }, { claimed: [], absent: new Map() }, (problem) =>
    problems.push(problem),
  );
  const found = problems.map(({ where, message, hint }) => `${where.slice(FILE.length)}: ${message} (${hint})`);
  return { rules: manifest?.fileRules, found };
}

describe("the manifest key files", () => {
  it("sets mode, owner and group by pattern, in the written order", () => {
    expect(resolve({ "app.conf": { mode: "0640", owner: "app", group: "33" }, "bin/**": { mode: "755" } })).toEqual({
      rules: [
        { pattern: "app.conf", mode: 0o640, owner: "app", group: "33" },
        { pattern: "bin/**", mode: 0o755 },
      ],
      found: [],
    });
  });

  it.each<[unknown, string]>([
    [{ a: { mode: 640 } }, "files.a.mode: must be text in quotes, but is 640"],
    [{ a: { mode: "0240" } }, 'files.a.mode: "0240" is not a mode'],
    [{ a: { mode: "4755" } }, 'files.a.mode: "4755" is not a mode'],
    [{ a: { mode: "u=rw" } }, 'files.a.mode: "u=rw" is not a mode'],
    [{ a: { owner: "app:app" } }, 'files.a.owner: "app:app" is not a user'],
    [{ a: { owner: "-R" } }, 'files.a.owner: "-R" is not a user'],
    [{ a: { group: "a b" } }, 'files.a.group: "a b" is not a group'],
    [{ a: { mod: "0600" } }, 'files.a.mod: unknown key "mod" (valid keys: mode, owner, group)'],
    [{ a: {} }, 'files.a: sets nothing (write { "mode": "0640" })'],
    [{ a: "0600" }, 'files.a: must be an object, but is "0600"'],
    [{ "[a": { mode: "0600" } }, 'files.[a: "[a" is not a pattern'],
    [["a"], "files: must be an object, but is a list"],
  ])("is refused with the value %j", (files, message) => {
    const { rules, found } = resolve(files);
    expect(rules).toBeUndefined();
    expect(found).toEqual([expect.stringContaining(message)]);
  });
});
