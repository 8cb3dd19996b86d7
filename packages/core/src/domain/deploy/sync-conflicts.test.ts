import { describe, expect, it } from "vitest";
import { type FoundOnWorker, syncConflicts, syncedPaths } from "./sync-conflicts.ts";

const NOTHING: FoundOnWorker = {
  broken: [],
  linked: new Map(),
  places: new Map(),
  links: [],
  directories: new Map(),
  others: [],
  mounts: new Map(),
};

const FILES = [
  "worker.json",
  "bin/runner.py",
  "jobs/api/manifest.json",
  "jobs/api/conf/app.conf",
  "jobs/api/data/seed",
];

const synced = syncedPaths({
  files: FILES,
  jobs: ["api"],
  keep: ["data", "logs", "bin"],
  protect: new Map([["api", ["*.pid", "run/"]]]),
});

const conflicts = (found: Partial<FoundOnWorker>) =>
  syncConflicts({ ...NOTHING, ...found }, synced).map(({ message }) => message);

it("a sync writes its files and their parent directories, but no links of the operator and no kept paths", () => {
  expect([...synced.files]).toEqual(FILES.slice(0, -1));
  expect([...synced.directories]).toEqual(["bin", "jobs/api/conf"]);
});

describe("a sync is allowed", () => {
  it.each<[string, Partial<FoundOnWorker>]>([
    ["where nothing exists", {}],
    ["where a link leads to a directory that a deploy fills", { linked: new Map([["jobs/api", ["conf", "data"]]]) }],
    [
      "where each job has its own directory",
      {
        places: new Map([
          ["jobs/api", "/a/b"],
          ["jobs/web", "/a/bc"],
        ]),
      },
    ],
    [
      "where a file system is mounted in a kept directory",
      {
        mounts: new Map([
          ["jobs/api/data", []],
          ["jobs/api/run/x", []],
        ]),
      },
    ],
    [
      "where a mounted directory contains files of the job and kept files",
      { mounts: new Map([["jobs/api/conf", ["jobs/api/conf/app.conf", "jobs/api/conf/a.pid"]]]) },
    ],
    [
      "where a directory without kept files becomes a file",
      { directories: new Map([["worker.json", ["worker.json/x"]]]) },
    ],
    ["where a file becomes a directory", { others: ["jobs/api/conf"] }],
  ])("%s", (_, found) => {
    expect(conflicts(found)).toEqual([]);
  });
});

describe("a sync is refused with the path of the conflict", () => {
  it.each<[string, Partial<FoundOnWorker>, string]>([
    [
      "where the target of an operator's link does not exist",
      { broken: ["jobs/api"] },
      "jobs/api is a link that does not lead to a directory",
    ],
    [
      "where the bucket's directory is a link whose target does not exist",
      { broken: ["."] },
      "the bucket's directory is a link that does not lead to",
    ],
    [
      "where a link leads to files that maand did not create",
      { linked: new Map([["jobs/api", ["conf", "photos"]]]) },
      "it contains photos",
    ],
    [
      "where the links of two jobs lead to one directory",
      {
        places: new Map([
          ["jobs/api", "/a/b"],
          ["jobs/web", "/a/b"],
        ]),
      },
      "jobs/api and jobs/web lead to the same place",
    ],
    [
      "where the directory of one job is inside the directory of another job",
      {
        places: new Map([
          ["jobs/api", "/a"],
          ["jobs/web", "/a/b"],
        ]),
      },
      "the same place",
    ],
    ["where a link is in place of a file", { links: ["jobs/api/conf/app.conf"] }, "link where a file belongs"],
    ["where a link is in place of a directory", { links: ["jobs/api/conf"] }, "link where a directory belongs"],
    [
      "where a mount does not belong to the job",
      { mounts: new Map([["jobs/api/up", []]]) },
      "jobs/api/up is a mount point",
    ],
    [
      "where a mounted directory contains a file that is not kept",
      { mounts: new Map([["jobs/api/conf", ["jobs/api/conf/mine"]]]) },
      "jobs/api/conf is a mount point and contains jobs/api/conf/mine",
    ],
    ["where a file is a mount point", { mounts: new Map([["jobs/api/conf/app.conf", []]]) }, "where a file"],
    [
      "where a directory with kept files becomes a file",
      { directories: new Map([["jobs/api/conf/app.conf", ["jobs/api/conf/app.conf/a.pid"]]]) },
      `"keep" in its manifest protects jobs/api/conf/app.conf/a.pid`,
    ],
    ["where a kept file becomes a directory", { others: ["jobs/api/x.pid"] }, "jobs/api/x.pid is where a directory"],
    [
      "on one line even if a name contains a newline",
      { links: ["jobs/api/a\nb"] },
      String.raw`"jobs/api/a\nb" is a symbolic link`,
    ],
  ])("%s", (_, found, message) => {
    expect(conflicts(found)).toEqual([expect.stringContaining(message)]);
  });
});
