import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { aWorker, FORMS } from "./runner.test.support.ts";

const pipe = (path: string) => execFileSync("mkfifo", [path]);

describe.concurrent.each(FORMS)("a command whose lock or Makefile cannot be used, on a %s runner", (form) => {
  for (const [what, place, make, reason] of [
    ["a file is in place of the directory of locks", "locks", (path: string) => writeFileSync(path, ""), "File exists"],
    ["a directory is in place of its lock", "locks/api.lock", (path: string) => mkdirSync(path), "Is a directory"],
    ["a pipe is in place of its lock", "locks/api.lock", pipe, "not a file"],
    ["a directory is in place of make's lock", "locks/api.make", (path: string) => mkdirSync(path), "Is a directory"],
  ] as const) {
    it(`does not begin, and names the path, if ${what}`, async (context) => {
      const w = aWorker(context);
      if (place !== "locks") mkdirSync(join(w.root, "locks"));
      make(join(w.root, place));
      const { code, stdout, stderr } = await w.run(form, "start");
      expect({ code, stdout, stderr }).toEqual({
        code: 5,
        stdout: "",
        stderr: `runner: api: its lock cannot be used: ${join(w.root, place)}: ${reason}\n`,
      });
    });
  }

  it("does not wait for a pipe in place of its Makefile", async (context) => {
    const w = aWorker(context);
    rmSync(w.inJob("Makefile"));
    pipe(w.inJob("Makefile"));
    expect(await w.run(form, "start")).toMatchObject({
      code: 3,
      stderr: "runner: api: its Makefile here is not a file; run maand deploy --verify\n",
    });
  });
});
