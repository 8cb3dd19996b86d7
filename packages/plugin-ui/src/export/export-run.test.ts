import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bucketPaths } from "@maand/core/internal";
import { describe, expect, it, onTestFinished } from "vitest";
import { exportRun } from "./export-run.ts";

describe("an export of a run", () => {
  it.each([
    ["an unknown id", "c", "NOT_FOUND", 'there is no run "c"', "to list the ids of runs, run maand history"],
    ["an id that fits several runs", "a", "USAGE", "2 runs begin with a", "write a longer part of its id"],
  ])("is refused for %s, and writes nothing", async (_, run, code, message, hint) => {
    const root = mkdtempSync(join(tmpdir(), "maand-export-"));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const paths = bucketPaths(root);
    for (const id of ["a1", "a2", "b1"]) mkdirSync(join(paths.logs, "runs", id), { recursive: true });
    const directory = join(root, "out");
    const options = { paths, directory, run, version: "1.0.0", files: new Map(), now: () => new Date() };
    const status = () => Promise.reject(new Error("the status is not read"));
    await expect(exportRun({ ...options, status })).rejects.toMatchObject({ code, message, hint });
    expect(existsSync(directory)).toBe(false);
  });
});
