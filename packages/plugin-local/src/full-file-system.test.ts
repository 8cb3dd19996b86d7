import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createHooks } from "@maand/core/internal";
import { stageContext } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { local } from "./index.ts";
import { LocalRemote } from "./local-remote.ts";

let place = "";
const at = (...path: string[]) => join(place, ...path);

function stage(files: Readonly<Record<string, string>>) {
  const hooks = createHooks();
  local().apply(hooks);
  const source = mkdtempSync(at("tree-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), content);
  }
  const remote = new LocalRemote({ host: "127.0.0.11", root: at("worker"), timeoutMs: 60_000 });
  return hooks.stage.promise(stageContext({ remote, sources: [source], jobs: ["api"] }));
}

const OLD = { "jobs/api/a": "old", "jobs/api/gone": "old", "jobs/api/x": "old" };
const NEW = { "jobs/api/a": "new", "jobs/api/big": "x".repeat(700_000), "jobs/api/x/y": "new" };

const found = () => readdirSync(at("worker/jobs"), { recursive: true }).sort();

describe.runIf(process.getuid?.() === 0)("a file system that cannot be written", () => {
  beforeEach(async () => {
    place = mkdtempSync(join(tmpdir(), "maand-full-"));
    mkdirSync(at("worker"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "full", at("worker")]);
    await stage(OLD);
  });
  afterEach(() => {
    execFileSync("umount", [at("worker")]);
    rmSync(place, { recursive: true, force: true });
  });

  it("is named if it is full; the sync keeps the old files and leaves no temporary files behind", async () => {
    writeFileSync(at("worker/filler"), "x".repeat(600_000));
    await expect(stage(NEW)).rejects.toMatchObject({
      code: "STAGE_FAILED",
      worker: "127.0.0.11",
      message: `files cannot be synced to 127.0.0.11: its file system ${at("worker")} (full) is full`,
    });
    expect(found()).toEqual(["api", "api/a", "api/gone", "api/x"]);
    for (const name of ["a", "gone", "x"]) expect(readFileSync(at("worker/jobs/api", name), "utf8")).toBe("old");
    rmSync(at("worker/filler"));
    expect(await stage(NEW)).toBe("done");
    expect(found()).toEqual(["api", "api/a", "api/big", "api/x", "api/x/y"]);
  });

  it("is named if it is mounted read-only", async () => {
    execFileSync("mount", ["-o", "remount,ro", at("worker")]);
    await expect(stage(NEW)).rejects.toThrow(
      `files cannot be synced to 127.0.0.11: its file system ${at("worker")} (full) is mounted read-only`,
    );
    execFileSync("mount", ["-o", "remount,rw", at("worker")]);
  });
});
