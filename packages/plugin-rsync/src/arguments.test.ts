import { expect, test } from "vitest";
import { rsyncArguments } from "./arguments.ts";

const sync = {
  sources: ["/t/one", "/t/two/"],
  jobs: ["api"],
  keep: [],
  protect: new Map(),
  timeoutMs: 1_500,
  root: "/opt/w/b",
  compress: false,
};

test("sources end with a slash and precede the worker's directory", () => {
  expect(rsyncArguments(sync).slice(-3)).toEqual(["/t/one/", "/t/two/", "worker:/opt/w/b/"]);
});

test("files are never written in place, and their names pass through no shell", () => {
  const args = rsyncArguments(sync);
  for (const wanted of ["--checksum", "--delay-updates", "--delete-delay", "--protect-args", "--no-inc-recursive"]) {
    expect(args).toContain(wanted);
  }
  for (const unwanted of ["--inplace", "--owner", "--group", "--delete", "--compress"])
    expect(args).not.toContain(unwanted);
});

test("rsync's timeout is at least one whole second, and compression is optional", () => {
  expect(rsyncArguments(sync)).toContain("--timeout=2");
  expect(rsyncArguments({ ...sync, timeoutMs: 1 })).toContain("--timeout=1");
  expect(rsyncArguments({ ...sync, compress: true })).toContain("--compress");
});
