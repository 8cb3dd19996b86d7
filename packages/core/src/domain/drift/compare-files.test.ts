import { describe, expect, it } from "vitest";
import { compareFiles, driftKey, type ExpectedFile, repairChanges } from "./compare-files.ts";
import type { InspectedFile, InspectedJob } from "./inspected.ts";

function expected(path: string, over: Partial<ExpectedFile> = {}): ExpectedFile {
  return { path, hash: `hash of ${path}`, executable: false, ...over };
}

function there(path: string, over: Partial<InspectedFile> = {}): InspectedFile {
  return { path, hash: `hash of ${path}`, size: 1, mode: 0o644, uid: 0, gid: 0, ...over };
}

function compare(
  files: readonly ExpectedFile[],
  found: Partial<InspectedJob>,
  users: Readonly<Record<string, number>> = {},
) {
  const job = { files: [], others: [], hasMore: false, unread: [], ...found };
  return compareFiles(files, job, { users: new Map(Object.entries(users)), groups: new Map() });
}

describe("the files of a job on a worker", () => {
  it("have no differences if they are the synced files", () => {
    expect(compare([expected("a"), expected("conf/b")], { files: [there("a"), there("conf/b")] })).toEqual([]);
  });

  it("are reported by path: changed, missing and added", () => {
    const found = { files: [there("a", { hash: "other" })], others: [{ path: "z", kind: "file" as const }] };
    expect(compare([expected("a"), expected("b")], found)).toEqual([
      { path: "a", change: "changed" },
      { path: "b", change: "missing" },
      { path: "z", change: "added" },
    ]);
  });

  it("differ if they do not have the mode that the manifest, the plugin or the executable bit requires", () => {
    const files = [
      expected("key", { access: { mode: 0o600 } }),
      expected("made", { mode: 0o640 }),
      expected("run.sh", { executable: true }),
    ];
    const found = [there("key", { mode: 0o644 }), there("made", { mode: 0o640 }), there("run.sh", { mode: 0o4755 })];
    expect(compare(files, { files: found })).toEqual([
      { path: "key", change: "mode", detail: "mode 0600 -> 0644" },
      { path: "run.sh", change: "mode", detail: "mode 0755 -> 4755" },
    ]);
  });

  it("differ by owner if the manifest sets an owner that differs or does not exist on the worker", () => {
    const files = [
      expected("a", { access: { owner: "app" } }),
      expected("b", { access: { owner: "gone" } }),
      expected("c"),
    ];
    const found = files.map(({ path }) => there(path, { uid: 7 }));
    expect(compare(files, { files: found }, { app: 7 })).toEqual([
      { path: "b", change: "mode", detail: "owner gone -> 7" },
    ]);
  });

  it("are reported as replaced if something else is at their path, and the files in it are not reported", () => {
    const files = [expected("app.conf"), expected("conf/a"), expected("conf/deep/b"), expected("run")];
    const others = [
      { path: "app.conf", kind: "link" as const, target: "/etc/passwd" },
      { path: "conf", kind: "link" as const, target: "../else" },
      { path: "run", kind: "special" as const },
    ];
    expect(compare(files, { others })).toEqual([
      { path: "app.conf", change: "replaced", detail: "a link to /etc/passwd", link: "/etc/passwd" },
      { path: "conf", change: "replaced", detail: "a link to ../else", link: "../else" },
      { path: "run", change: "replaced", detail: "a device, socket or pipe" },
    ]);
  });

  it("are not reported as missing if they cannot be read", () => {
    expect(
      compare([expected("a"), expected("conf/b")], { unread: [{ path: "conf", reason: "Input/output error" }] }),
    ).toEqual([
      { path: "a", change: "missing" },
      { path: "conf", change: "unread", detail: "Input/output error" },
    ]);
  });
});

it("a repair writes each file of a replaced directory, and deletes added paths", () => {
  const files = [expected("conf/a"), expected("conf/b"), expected("confer")];
  const drift = compare(files, {
    files: [there("confer", { mode: 0o600 })],
    others: [
      { path: "conf", kind: "link", target: "x" },
      { path: "new", kind: "directory" },
    ],
  });
  expect(repairChanges(drift, files)).toEqual([
    { path: "conf/a", change: "modified" },
    { path: "conf/b", change: "modified" },
    { path: "confer", change: "modified", access: "mode 0644 -> 0600" },
    { path: "new", change: "deleted" },
  ]);
});

it("the drift key of a changed file does not depend on its content", () => {
  const [one, other] = ["x", "y"].map((hash) => compare([expected("a")], { files: [there("a", { hash })] }));
  expect(driftKey(one ?? [])).toBe(driftKey(other ?? []));
  expect(driftKey(compare([expected("a")], {}))).not.toBe(driftKey(one ?? []));
});
