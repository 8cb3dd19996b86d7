import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { PROCESSES } from "./reboot.ts";

let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "maand-maintain-"));
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

it("the check before a reboot names only processes whose working directory is in the directory of a job", async () => {
  const [jobs, elsewhere] = [join(place, "jobs"), join(place, "jobs-of-another")];
  for (const directory of [join(jobs, "api/data"), elsewhere]) mkdirSync(directory, { recursive: true });
  const sleeping = [join(jobs, "api/data"), elsewhere].map((cwd) => spawn("sleep", ["60"], { cwd }));
  try {
    await Promise.all(sleeping.map((child) => once(child, "spawn")));
    const found = execFileSync("sh", ["-c", PROCESSES, "sh", jobs], { encoding: "utf8" });
    expect(found).toBe(`sleep (pid ${sleeping[0]?.pid}) works in jobs/api/data\n`);
    expect(execFileSync("sh", ["-c", PROCESSES, "sh", join(place, "none")], { encoding: "utf8" })).toBe("");
  } finally {
    for (const child of sleeping) child.kill("SIGKILL");
  }
});
