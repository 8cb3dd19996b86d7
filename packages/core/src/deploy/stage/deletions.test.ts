import { expect, it } from "vitest";
import { Deletions } from "./deletions.ts";

const promoted = ["Makefile", "conf/a"];

it("deleted files that no version contained are reported in one warning per job, with the worker and a hint", () => {
  const deletions = new Deletions();
  for (const host of ["10.0.0.2", "10.0.0.1"]) deletions.note({ job: "web", host, path: "app.pid", promoted });
  deletions.note({ job: "db", host: "10.0.0.1", path: "run/", promoted });
  expect(deletions.warnings()).toEqual([
    'db had created files in its directory, and a sync deleted them: run/, on 10.0.0.1; write files that it needs to data/ or logs/, or list them under "keep" in its manifest',
    'web had created files in its directory, and a sync deleted them: app.pid, on 10.0.0.1 and 1 more; write files that it needs to data/ or logs/, or list them under "keep" in its manifest',
  ]);
});

it("a single deleted file on one worker is reported in the singular, and a directory or several files in the plural", () => {
  const warningOf = (...paths: readonly string[]) => {
    const deletions = new Deletions();
    for (const path of paths) deletions.note({ job: "web", host: "10.0.0.1", path, promoted });
    return deletions.warnings()[0];
  };
  expect(warningOf("a")).toContain("web had created a file in its directory, and a sync deleted it: a, on 10.0.0.1;");
  expect(warningOf("run/")).toContain("web had created files in its directory, and a sync deleted them: run/, on");
  expect(warningOf("a", "b")).toContain("web had created files in its directory, and a sync deleted them: a, b, on");
});

it("a deleted file or directory that a version contained is not reported", () => {
  const deletions = new Deletions();
  for (const path of ["Makefile", "conf/a", "conf", "conf/"])
    deletions.note({ job: "web", host: "10.0.0.1", path, promoted });
  expect(deletions.warnings()).toEqual([]);
});

it("a warning lists only three of many deleted paths", () => {
  const deletions = new Deletions();
  for (const path of ["e", "d", "c", "b", "a"]) deletions.note({ job: "web", host: "10.0.0.1", path, promoted });
  expect(deletions.warnings()[0]).toContain("deleted them: a, b, c and 2 more, on 10.0.0.1;");
});

it("a warning escapes control characters in a file name", () => {
  const deletions = new Deletions();
  deletions.note({ job: "web", host: "10.0.0.1", path: "\x1b[31m\n\u202etxt\x9b", promoted });
  expect(deletions.warnings()[0]).toContain(String.raw`deleted it: "\u001b[31m\n\u202etxt\u009b", on`);
});
