import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aBucket, type TestBucket } from "../testing/a-bucket.ts";
import { headOf } from "../workspace/git-head.ts";
import { type BuildOptions, build } from "./build.ts";

let bucket: TestBucket;
beforeEach(() => {
  bucket = aBucket();
  bucket.workers("w1");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
});
afterEach(() => bucket.dispose());

const workspace = () => join(bucket.root, "workspace");

function git(...args: readonly string[]): string {
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
  return execFileSync("git", [...who, "-C", workspace(), ...args], { encoding: "utf8" }).trim();
}

function commit(text: string): string {
  bucket.write("jobs/api/conf", text);
  git("add", "-A");
  git("commit", "-qm", text);
  return git("rev-parse", "HEAD");
}

/** Makes a `git` that writes a file when it is called. Returns the path of that file, which is next to it. */
function gitThatRecordsCalls(): string {
  const calls = join(bucket.root, "programs/calls");
  mkdirSync(dirname(calls));
  writeFileSync(join(dirname(calls), "git"), `#!/bin/sh\necho "$*" >>"${calls}"\nexit 128\n`, { mode: 0o755 });
  return calls;
}

async function builds(options: BuildOptions = {}) {
  const opened = await bucket.open();
  try {
    const { problems } = await build(opened, options);
    const [entry] = opened.store.history.list({ limit: 1 });
    return { problems, entry, built: opened.store.bucket.built() };
  } finally {
    await opened.close();
  }
}

describe("a workspace in git", () => {
  beforeEach(() => void git("init", "-q"));

  it("is recorded with its commit, and with a mark for uncommitted changes", async () => {
    const first = commit("one");
    expect(await builds()).toMatchObject({
      entry: { command: "build", commit: first, outcome: "ok" },
      built: { commit: first },
    });
    bucket.write("jobs/api/conf", "not committed");
    expect((await builds()).built?.commit).toBe(`${first}+changes`);
    expect((await builds()).built?.commit).toBe(`${first}+changes`);
  });

  it("is refused with both commits and the author if it lacks the commit of the last build", async () => {
    const [older, newer] = [commit("one"), commit("two")];
    await builds();
    git("checkout", "-q", older);
    const refused = expect.objectContaining({
      code: "PROBLEMS",
      message: expect.stringMatching(
        new RegExp(
          `at commit ${older.slice(0, 12)}, which does not contain ${newer.slice(0, 12)}, built by .+ on .+ at 2`,
        ),
      ),
    });
    await expect(builds()).rejects.toEqual(refused);
    const { problems, built } = await builds({ allowOlder: true });
    expect(problems).toMatchObject([{ code: "older_workspace", level: "warning" }]);
    expect(built?.commit).toBe(older);
    git("checkout", "-q", "main");
    expect((await builds()).problems).toEqual([]);
  });

  it("is refused if its repository does not have the commit of the last build", async () => {
    commit("one");
    await builds();
    rmSync(join(workspace(), ".git"), { recursive: true });
    git("init", "-q");
    commit("another history");
    await expect(builds()).rejects.toMatchObject({ code: "PROBLEMS" });
  });

  it("is built without git if a file contains its commit", async () => {
    const first = commit("one");
    expect(headOf(workspace())).toBe(first);
    expect(headOf(join(workspace(), "jobs"))).toBe(first);
    git("pack-refs", "--all");
    expect(headOf(workspace())).toBe(first);
    git("checkout", "-q", "--detach");
    expect(headOf(workspace())).toBe(first);
    const tree = join(bucket.root, "tree");
    git("worktree", "add", "-q", "-b", "other", tree);
    expect(headOf(tree)).toBe(first);
    writeFileSync(join(workspace(), ".git/HEAD"), "ref: refs/../../config\n");
    expect(headOf(workspace())).toBeUndefined();
  });

  it("has the provenance of the target directory if it is a link", async () => {
    const linked = commit("one");
    const elsewhere = join(bucket.root, "elsewhere");
    mkdirSync(elsewhere);
    renameSync(workspace(), join(elsewhere, "workspace"));
    symlinkSync(join(elsewhere, "workspace"), workspace());
    execFileSync("git", ["init", "-q", bucket.root]);
    expect(headOf(workspace())).toBe(linked);
    expect((await builds()).built?.commit).toBe(linked);
    mkdirSync(join(elsewhere, "workspace/below"));
    symlinkSync(join(elsewhere, "workspace/below"), join(bucket.root, "below"));
    expect(headOf(join(bucket.root, "below"))).toBe(linked);
  });

  it("is built again without starting git if nothing changed", async () => {
    commit("one");
    await builds();
    const path = process.env.PATH;
    process.env.PATH = "/nowhere";
    try {
      expect((await builds()).built?.commit).toMatch(/^[0-9a-f]{40}$/);
    } finally {
      process.env.PATH = path;
    }
  });
});

describe("a workspace outside git", () => {
  it("is built without git unless the environment names a repository", async () => {
    const calls = gitThatRecordsCalls();
    const { PATH } = process.env;
    try {
      process.env.PATH = `${dirname(calls)}:${PATH}`;
      await builds();
      expect(existsSync(calls)).toBe(false);
      process.env.GIT_DIR = join(bucket.root, "elsewhere.git");
      await builds();
      expect(existsSync(calls)).toBe(true);
    } finally {
      process.env.PATH = PATH;
      delete process.env.GIT_DIR;
    }
  });

  it("causes a warning for each change of another directory that its build would undo", async () => {
    await builds();
    const seen = join(bucket.root, "data/seen.json");
    const own = join(bucket.root, "own");
    mkdirSync(own);
    cpSync(seen, join(own, "seen.json"));
    cpSync(workspace(), join(own, "workspace"), { recursive: true });
    // another directory with the same store builds a change
    bucket.write("jobs/api/conf", "from elsewhere");
    expect((await builds()).problems).toEqual([]);
    // this directory has not seen that change
    rmSync(workspace(), { recursive: true });
    cpSync(join(own, "workspace"), workspace(), { recursive: true });
    cpSync(join(own, "seen.json"), seen);
    expect((await builds()).problems).toMatchObject([
      {
        code: "unseen_change",
        where: "jobs/api",
        message: expect.stringMatching(/has not seen, built by .+ on .+ at 2/),
      },
    ]);
    expect((await builds()).problems).toEqual([]);
  });

  it("can undo its own changes without a warning", async () => {
    await builds();
    bucket.write("jobs/api/conf", "new");
    await builds();
    rmSync(join(workspace(), "jobs/api/conf"));
    expect((await builds()).problems).toEqual([]);
  });
});
