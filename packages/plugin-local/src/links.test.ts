import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { StageContext } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { fakeRemote, stageContext } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { local } from "./index.ts";

let place = "";
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "maand-links-"));
  mkdirSync(at("worker"));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const at = (...path: string[]) => join(place, ...path);

function has(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(at(directory, path)), { recursive: true });
    writeFileSync(at(directory, path), content);
  }
  return at(directory);
}

/** Paths in a directory and its subdirectories, without following links. */
const list = (directory: string) =>
  readdirSync(at(directory), { recursive: true, withFileTypes: true })
    .map((entry) => relative(at(directory), join(entry.parentPath, entry.name)))
    .sort();

function stage(files: Readonly<Record<string, string>>, over: Partial<StageContext> = {}) {
  const hooks = createHooks();
  local().apply(hooks);
  const remote = fakeRemote({ transport: "local", root: at("worker") });
  return hooks.stage.promise(stageContext({ remote, sources: [has("tree", files)], jobs: ["api"], ...over }));
}

const TREE = { "jobs/api/manifest.json": "{}", "jobs/api/conf/app.conf": "new" };

describe("a link of the operator", () => {
  it.each(["worker", "worker/jobs", "worker/jobs/api"])("at %s is followed and kept", async (linked) => {
    has("worker", { "jobs/api/manifest.json": "{}", "jobs/api/old": "x", "jobs/api/data/db": "precious" });
    rmSync(at("far"), { recursive: true, force: true });
    renameSync(at(linked), at("far"));
    symlinkSync(at("far"), at(linked));
    await stage(TREE);
    expect(lstatSync(at(linked)).isSymbolicLink()).toBe(true);
    expect(list("worker/jobs/api")).toEqual(["conf", "conf/app.conf", "data", "data/db", "manifest.json"]);
  });

  it("may lead to a directory that is empty or contains only kept files", async () => {
    has("far", { "data/db": "precious", "lost+found/x": "x" });
    mkdirSync(at("worker/jobs"));
    symlinkSync(at("far"), at("worker/jobs/api"));
    await stage(TREE, { keep: ["data", "logs", "bin", "lost+found"] });
    expect(list("far")).toEqual([
      ...["conf", "conf/app.conf", "data", "data/db", "lost+found", "lost+found/x", "manifest.json"],
    ]);
  });

  it("to any other directory is refused, and nothing is changed", async () => {
    has("far", { precious: "kept", "conf/app.conf": "kept" });
    mkdirSync(at("worker/jobs"));
    symlinkSync(at("far"), at("worker/jobs/api"));
    await expect(stage(TREE)).rejects.toMatchObject({
      code: "STAGE_FAILED",
      worker: "10.0.0.1",
      message: expect.stringContaining("jobs/api leads to a directory that maand did not create: it contains precious"),
    });
    expect(readFileSync(at("far/conf/app.conf"), "utf8")).toBe("kept");
    expect(list("far")).toEqual(["conf", "conf/app.conf", "precious"]);
  });

  it("without a target is refused, because the target might just be unmounted", async () => {
    mkdirSync(at("worker/jobs"));
    symlinkSync(at("unmounted"), at("worker/jobs/api"));
    await expect(stage(TREE)).rejects.toThrow("jobs/api is a link that does not lead to a directory");
    expect(existsSync(at("unmounted"))).toBe(false);
  });

  it("is refused if it leads two jobs to the same directory", async () => {
    has("worker", { "jobs/web/manifest.json": "{}" });
    symlinkSync("web", at("worker/jobs/api"));
    await expect(stage(TREE)).rejects.toThrow("jobs/api and jobs/web lead to the same place");
  });
});

describe("a link within a job's directory", () => {
  it.each(["conf", "conf/app.conf", "manifest.json"])("at %s, where maand writes, is refused", async (linked) => {
    has("far", { "app.conf": "kept" });
    mkdirSync(dirname(at("worker/jobs/api", linked)), { recursive: true });
    symlinkSync(at(linked === "conf" ? "far" : "far/app.conf"), at("worker/jobs/api", linked));
    await expect(stage(TREE)).rejects.toThrow(`jobs/api/${linked} is a symbolic link where a`);
    expect(readFileSync(at("far/app.conf"), "utf8")).toBe("kept");
    expect(lstatSync(at("worker/jobs/api", linked)).isSymbolicLink()).toBe(true);
  });

  it("anywhere else is deleted like a foreign file, and its target is kept", async () => {
    has("far", { "dir/precious": "kept" });
    has("worker", { "jobs/api/manifest.json": "{}", "jobs/api/data/x": "x" });
    symlinkSync(at("far/dir"), at("worker/jobs/api/stray"));
    symlinkSync(at("far/dir"), at("worker/jobs/api/data/mine"));
    await stage(TREE);
    expect(list("far")).toEqual(["dir", "dir/precious"]);
    expect(list("worker/jobs/api")).toEqual(["conf", "conf/app.conf", "data", "data/mine", "data/x", "manifest.json"]);
  });
});

it("a sync that would replace a directory with kept files is refused, and nothing is changed", async () => {
  has("worker", { "jobs/api/conf/app.conf/a.pid": "1", "jobs/api/manifest.json": "old" });
  await expect(stage(TREE, { protect: new Map([["api", ["*.pid"]]]) })).rejects.toThrow(
    'jobs/api/conf/app.conf is a directory where a file belongs, but "keep" in its manifest protects jobs/api/conf/app.conf/a.pid',
  );
  expect(readFileSync(at("worker/jobs/api/manifest.json"), "utf8")).toBe("old");
  expect(readFileSync(at("worker/jobs/api/conf/app.conf/a.pid"), "utf8")).toBe("1");
});

it("a sync deletes temporary files of a killed sync without reporting them", async () => {
  has("worker", { "jobs/api/conf/.~maand-0123456789abcdef": "half", "jobs/api/.~maand-0123456789abcdef": "half" });
  const deleted: string[] = [];
  await stage(TREE, { protect: new Map([["api", [".~*"]]]), deleted: (path) => deleted.push(path) });
  expect(list("worker/jobs/api")).toEqual(["conf", "conf/app.conf", "manifest.json"]);
  expect(deleted).toEqual([]);
});
