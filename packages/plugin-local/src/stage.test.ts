import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { StageContext } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { fakeRemote, reconcileContext, stageContext } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { local } from "./index.ts";
import { LocalRemote } from "./local-remote.ts";

let place = "";
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "maand-stage-"));
  mkdirSync(at("worker"));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const at = (...path: string[]) => join(place, ...path);

/** Writes files in a directory, by path. Content that ends with `*` makes the file executable; `->` makes it a link. */
function has(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    const file = at(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content.startsWith("->")) symlinkSync(content.slice(2), file);
    else writeFileSync(file, content);
    if (content.endsWith("*")) chmodSync(file, 0o755);
  }
  return at(directory);
}

/** The same, read back. */
function found(directory: string, below = ""): Record<string, string> {
  const entries = readdirSync(at(directory, below), { withFileTypes: true });
  return Object.assign(
    {},
    ...entries.map((entry) => {
      const path = join(below, entry.name);
      return entry.isDirectory() ? found(directory, path) : { [path]: readFileSync(at(directory, path), "utf8") };
    }),
  );
}

function hooks() {
  const hooks = createHooks();
  local().apply(hooks);
  return hooks;
}

function stage(over: Partial<StageContext>) {
  const remote = fakeRemote({ transport: "local", root: at("worker") });
  return hooks().stage.promise(stageContext({ remote, ...over }));
}

describe("staging files on a local worker", () => {
  it("writes trees and metadata, and the first source of a path wins", async () => {
    const first = has("first", { "worker.json": "{}", "bin/runner.py": "run", "jobs/api/app.conf": "rendered" });
    const second = has("second", {
      "jobs/api/app.conf": "plain",
      "jobs/api/bin2/tool": "#!*",
      "jobs/api/Makefile": "m",
    });
    expect(await stage({ sources: [first, second], jobs: ["api"] })).toBe("done");
    expect(found("worker")).toEqual({
      "worker.json": "{}",
      "bin/runner.py": "run",
      "jobs/api/app.conf": "rendered",
      "jobs/api/bin2/tool": "#!*",
      "jobs/api/Makefile": "m",
    });
    expect(statSync(at("worker/jobs/api/bin2/tool")).mode & 0o777).toBe(0o755);
  });

  it("does nothing for workers with other transports", async () => {
    expect(await stage({ remote: fakeRemote({ transport: "ssh" }) })).toBeUndefined();
  });

  it("deletes files that a job no longer has, but no kept files and no files of other jobs", async () => {
    has("worker", {
      "jobs/api/old/deep/file": "",
      "jobs/api/data/db": "mine",
      "jobs/api/logs/log": "mine",
      "jobs/api/bin/built": "mine",
      "jobs/api/conf/data/x": "not kept below",
      "jobs/db/old": "other",
      "locks/api.lock": "",
    });
    const tree = has("tree", { "jobs/api/conf/new": "n", "jobs/db/new": "not staged", "jobs/api/data/seed": "never" });
    await stage({ sources: [tree], jobs: ["api"] });
    expect(Object.keys(found("worker")).sort()).toEqual([
      "jobs/api/bin/built",
      "jobs/api/conf/new",
      "jobs/api/data/db",
      "jobs/api/logs/log",
      "jobs/db/old",
      "locks/api.lock",
    ]);
  });

  it("does not touch equal files, and updates a changed mode", async () => {
    const tree = has("tree", { "jobs/api/a": "same", "jobs/api/b": "one" });
    await stage({ sources: [tree], jobs: ["api"] });
    const before = statSync(at("worker/jobs/api/a"));
    const changed = statSync(at("worker/jobs/api/b")).ino;
    has("tree", { "jobs/api/b": "two" });
    chmodSync(at("tree/jobs/api/a"), 0o700);
    await stage({ sources: [tree], jobs: ["api"] });
    const after = statSync(at("worker/jobs/api/a"));
    expect([after.ino, after.mtimeMs, after.mode & 0o777]).toEqual([before.ino, before.mtimeMs, 0o700]);
    expect(statSync(at("worker/jobs/api/b")).ino).not.toBe(changed);
    expect(found("worker")).toEqual({ "jobs/api/a": "same", "jobs/api/b": "two" });
  });

  it("replaces directories with files and files with directories", async () => {
    has("worker", { "jobs/api/a/b": "", "jobs/api/c": "" });
    await stage({ sources: [has("tree", { "jobs/api/a": "file", "jobs/api/c/d": "deep" })], jobs: ["api"] });
    expect(found("worker")).toEqual({ "jobs/api/a": "file", "jobs/api/c/d": "deep" });
  });

  it("deletes files with names that are not UTF-8", async () => {
    has("worker", { "jobs/api/a": "x" });
    const odd = (name: string) => Buffer.concat([Buffer.from(`${at("worker/jobs/api")}/${name}`), Buffer.of(0xff)]);
    writeFileSync(odd("file"), "x");
    mkdirSync(odd("dir"));
    writeFileSync(Buffer.concat([odd("dir"), Buffer.from("/x"), Buffer.of(0xfe)]), "x");
    const protect = new Map([["api", ["*.pid"]]]);
    await stage({ sources: [has("tree", { "jobs/api/a": "x" })], jobs: ["api"], protect });
    expect(readdirSync(at("worker/jobs/api"))).toEqual(["a"]);
  });

  it("makes directories readable for all, regardless of the umask", async () => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    await stage({ sources: [has("tree", { "jobs/api/conf/a": "x" })], jobs: ["api"] });
    for (const path of ["jobs", "jobs/api", "jobs/api/conf"])
      expect([path, statSync(at("worker", path)).mode & 0o777]).toEqual([path, 0o755]);
  });

  it("empties a job without files", async () => {
    has("worker", { "jobs/api/a": "", "jobs/api/data/x": "" });
    await stage({ sources: [has("tree", { "worker.json": "{}" })], jobs: ["api"] });
    expect(Object.keys(found("worker")).sort()).toEqual(["jobs/api/data/x", "worker.json"]);
  });

  it("names a file that it could not write, and leaves no partial file behind", async () => {
    const tree = has("tree", { "jobs/api/a": "1" });
    rmSync(at("worker"), { recursive: true });
    writeFileSync(at("worker"), "a file");
    await expect(stage({ sources: [tree], jobs: ["api"] })).rejects.toMatchObject({
      code: "STAGE_FAILED",
      worker: "10.0.0.1",
      message: expect.stringMatching(/^jobs\/api\/a cannot be synced to 10.0.0.1: .*ENOTDIR/),
    });
  });

  it("refuses a source that is a link", async () => {
    const tree = has("tree", { "jobs/api/a": "->/etc/passwd" });
    await expect(stage({ sources: [tree], jobs: ["api"] })).rejects.toThrow("is not a file");
  });

  it("stops if the run is interrupted", async () => {
    const tree = has("tree", { "jobs/api/a": "1" });
    await expect(stage({ sources: [tree], jobs: ["api"], signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(found("worker")).toEqual({});
  });
});

describe("removing a job from a local worker", () => {
  const remove = () => {
    const remote = new LocalRemote({ host: "10.0.0.1", root: at("worker"), timeoutMs: 60_000 });
    const context = { remote, action: { kind: "remove" }, directory: at("worker/jobs/api") } as const;
    return hooks().reconcile.promise(reconcileContext(context));
  };

  it("keeps only data and logs", async () => {
    has("worker", {
      "jobs/api/Makefile": "",
      "jobs/api/.env": "",
      "jobs/api/bin/tool": "",
      "jobs/api/data/db": "",
      "jobs/api/logs/log": "",
      "jobs/db/Makefile": "",
    });
    expect(await remove()).toBe("done");
    expect(Object.keys(found("worker"))).toEqual(["jobs/api/data/db", "jobs/api/logs/log", "jobs/db/Makefile"]);
  });

  it("deletes the directory if nothing is left in it; a missing directory is not an error", async () => {
    has("worker", { "jobs/api/Makefile": "" });
    await remove();
    expect(readdirSync(at("worker/jobs"))).toEqual([]);
    expect(await remove()).toBe("done");
  });

  it("does not handle the action stop or other transports", async () => {
    const over = fakeRemote({ transport: "ssh" });
    expect(
      await hooks().reconcile.promise(reconcileContext({ remote: over, action: { kind: "remove" } })),
    ).toBeUndefined();
    const remote = fakeRemote({ transport: "local" });
    expect(await hooks().reconcile.promise(reconcileContext({ remote }))).toBeUndefined();
  });
});
