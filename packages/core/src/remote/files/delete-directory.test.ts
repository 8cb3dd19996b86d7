import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Remote } from "../remote.ts";
import { reveal } from "../secret.ts";
import { type DirectoryToDelete, deleteDirectory } from "./delete-directory.ts";

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "maand-delete-")));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (...path: string[]) => join(root, ...path);

/** Runs the program on this machine. */
const remote: Pick<Remote, "host" | "root" | "probe"> = {
  host: "w1",
  root: "/nowhere",
  async probe(argv) {
    const [file = "", ...words] = argv.map(reveal);
    return { code: 0, stdout: execFileSync(file, words, { encoding: "utf8" }), stderr: "", durationMs: 0 };
  },
};

function has(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), "x");
  }
}

const remove = (path: string, options: Partial<DirectoryToDelete> = {}) =>
  deleteDirectory({ remote, directory: at(path), ...options });

const list = (path: string) => readdirSync(at(path), { recursive: true }).sort();

it("deleteDirectory deletes a directory with all its contents, and accepts a missing directory", async () => {
  has("api/a b", "api/-rf", "api/.hidden", "api/..x", "api/*", "api/conf/deep/x", "web/x");
  expect(await remove("api")).toEqual([]);
  expect(list(".")).toEqual(["web", "web/x"]);
  expect(await remove("api")).toEqual([]);
});

it("deleteDirectory keeps the names in spare, and therefore also the directory", async () => {
  has("api/Makefile", "api/.env", "api/data/db", "api/logs/l", "api/conf/data");
  expect(await remove("api", { spare: ["data", "logs"] })).toEqual([]);
  expect(list("api")).toEqual(["data", "data/db", "logs", "logs/l"]);
});

it("deleteDirectory keeps and returns the names that the only option does not list", async () => {
  has("b/worker.json", "b/bin/x", "b/notes.txt");
  mkdirSync(at("b/jobs"));
  expect(await remove("b", { only: ["worker.json", "bin"] })).toEqual(["jobs", "notes.txt"]);
  expect(list("b")).toEqual(["jobs", "notes.txt"]);
});

describe("links", () => {
  it("in the directory are deleted without their targets", async () => {
    has("far/precious", "api/x");
    symlinkSync(at("far"), at("api/dir"));
    symlinkSync(at("far/precious"), at("api/file"));
    symlinkSync(at("nowhere"), at("api/broken"));
    await remove("api");
    expect(list(".")).toEqual(["far", "far/precious"]);
  });

  it.each(["api", "jobs"])("in place of %s are followed and kept", async (linked) => {
    has("jobs/api/manifest.json", "jobs/api/x", "jobs/api/data/db");
    const path = linked === "api" ? "jobs/api" : "jobs";
    execFileSync("mv", [at(path), at("far")]);
    symlinkSync(at("far"), at(path));
    await remove("jobs/api", { spare: ["data"] });
    expect(list(linked === "api" ? "far" : "far/api")).toEqual(["data", "data/db"]);
    expect(lstatSync(at(path)).isSymbolicLink()).toBe(true);
    await remove("jobs/api");
    expect(list("far")).toEqual([]);
    expect(lstatSync(at(path)).isSymbolicLink()).toBe(true);
  });

  it("to a directory that maand did not create prevent the deletion", async () => {
    has("far/photos/1");
    symlinkSync(at("far"), at("api"));
    await expect(remove("api")).rejects.toMatchObject({
      code: "STAGE_FAILED",
      message: `nothing was deleted in ${at("api")} on w1: a link leads there, and it contains photos but no manifest.json, so maand did not create it`,
    });
    expect(list("far")).toEqual(["photos", "photos/1"]);
  });

  it.each(["api", "jobs"])(
    "in place of %s without a target prevent the deletion, because the target might only be unmounted",
    async (linked) => {
      if (linked === "api") mkdirSync(at("jobs"));
      const path = linked === "api" ? "jobs/api" : "jobs";
      symlinkSync(at("unmounted"), at(path));
      await expect(remove("jobs/api")).rejects.toThrow(`${at(path)} is a link that does not lead to a directory`);
    },
  );
});

it("deleteDirectory refuses a path that is not a directory", async () => {
  has("api");
  await expect(remove("api")).rejects.toThrow("it is not a directory");
  expect(existsSync(at("api"))).toBe(true);
});

describe.runIf(process.getuid?.() === 0)("mount points", () => {
  it.each(["uploads", "a b/up\\loads\tx"])("at %j in the directory prevent any deletion", async (name) => {
    has("far/precious", "api/x", `api/${name}/y`);
    execFileSync("mount", ["--bind", at("far"), at("api", name)]);
    try {
      await expect(remove("api")).rejects.toThrow(`a file system is mounted at ${at("api", name)}`);
      expect(list("far")).toEqual(["precious"]);
      expect(existsSync(at("api/x"))).toBe(true);
    } finally {
      execFileSync("umount", [at("api", name)]);
    }
    await remove("api");
    expect(list(".")).toEqual(["far", "far/precious"]);
  });

  it("at a kept name do not prevent the deletion", async () => {
    has("far/precious", "api/x", "api/data/y");
    execFileSync("mount", ["--bind", at("far"), at("api/data")]);
    try {
      await remove("api", { spare: ["data"] });
      expect(list("api")).toEqual(["data", "data/precious"]);
    } finally {
      execFileSync("umount", [at("api/data")]);
    }
  });

  it("at the path of the directory are emptied, except for lost+found", async () => {
    has("far/manifest.json", "far/data/db", "far/lost+found/x");
    mkdirSync(at("api"));
    execFileSync("mount", ["--bind", at("far"), at("api")]);
    try {
      await remove("api");
      expect(list("far")).toEqual(["lost+found", "lost+found/x"]);
    } finally {
      execFileSync("umount", [at("api")]);
    }
  });
});
