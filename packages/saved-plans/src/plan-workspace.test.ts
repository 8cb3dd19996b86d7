import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePlugin } from "@maand/core";
import { NAMESPACE } from "@maand/core/internal";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { planText, readPlan } from "./file/plan-file.ts";
import { planWorkspace, type WorkspacePlan } from "./plan-workspace.ts";
import { apply, done, fill, PRE_DEPLOY, put } from "./plans.test.support.ts";

const A = "10.0.0.1";
const ONE = { selectors: ["worker"], version: "1.0.0" };
const TWO = { selectors: ["worker"], version: "2.0.0" };

/** Gives each allocation a value that differs in every build, as a key would, and a file that contains the value. */
const keys = definePlugin({
  name: "keys",
  apply({ contribute, render }) {
    contribute.tap("keys", ({ job, allocations, kv, isPreview }) => {
      seen.push(isPreview);
      for (const { host } of allocations) {
        const namespace = NAMESPACE.allocation(job.name, host);
        kv.sync(namespace, "key/", { "key/own": kv.find(namespace, "key/own") ?? randomUUID() });
      }
    });
    render.tap("keys", ({ files }, { job, allocation, kv }) => {
      const content = Buffer.from(kv.get(NAMESPACE.allocation(job.name, allocation.host), "key/own"));
      return { files: [...files, { path: "own.key", hash: "", executable: false, size: 0, content }] };
    });
  },
});

const seen: boolean[] = [];
let bucket: TestBucket;

beforeEach(() => {
  seen.length = 0;
  bucket = aBucket({ plugins: [fill, keys] });
  bucket.workers(A);
});
afterEach(() => bucket.dispose());

async function planned(workspace?: string): Promise<WorkspacePlan> {
  const opened = await bucket.open();
  try {
    const made = await planWorkspace(opened, { jobs: [], force: false, syncOnly: false }, workspace);
    return { ...made, saved: readPlan(planText(made.saved), "plan.json") };
  } finally {
    await opened.close();
  }
}

/** Every file of the bucket, with content, mode and time. */
function everything(): Record<string, string> {
  const files = readdirSync(bucket.root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = statSync(path);
      return [path, `${mode} ${mtimeMs} ${readFileSync(path).toString("base64")}`];
    }),
  );
}

it("leaves every file of the bucket unchanged, even if the bucket was never built", async () => {
  bucket.job("api", ONE);
  const new_ = everything();
  expect((await planned()).saved).toMatchObject({ required: true, from_workspace: true });
  expect(everything()).toEqual(new_);
  await bucket.ship();
  bucket.job("api", TWO, { "app.conf": "x\n" });
  bucket.job("web", ONE);
  bucket.events.length = 0;
  const before = everything();
  expect((await planned()).saved.waves[0]?.jobs.map(({ job, required }) => [job, required])).toEqual([
    ["api", true],
    ["web", true],
  ]);
  expect(everything()).toEqual(before);
  expect(bucket.events).toEqual([]);
  expect(done(bucket).filter((what) => what.includes("web"))).toEqual([]);
});

it("is carried out after a build of the same workspace, including the keys that the build creates", async () => {
  bucket.job("api", ONE);
  await bucket.ship();
  bucket.job("api", TWO, { "app.conf": "x\n" });
  bucket.job("web", ONE);
  const { saved } = await planned();
  const web = saved.waves[0]?.jobs.find(({ job }) => job === "web");
  expect(web?.allocations).toMatchObject([{ action: "start", made_by_build: ["own.key"], current_hash: null }]);
  expect(web?.allocations[0]?.files?.find(({ path }) => path === "own.key")?.diff).toContain(
    "each build creates it again",
  );
  expect((await planned()).saved).toEqual(saved);
  expect(saved.waves[0]?.jobs[0]?.allocations[0]).not.toHaveProperty("made_by_build");
  await bucket.build();
  done(bucket);
  expect((await apply(bucket, saved)).outcome).toBe("ok");
  expect(done(bucket)).toEqual([`stage ${A}`, `restart api@${A}`, `start web@${A}`]);
});

it("is refused after a build of another workspace, or without a build", async () => {
  bucket.job("api", ONE);
  await bucket.ship();
  bucket.job("api", TWO);
  const { saved } = await planned();
  await expect(apply(bucket, saved)).rejects.toMatchObject({
    code: "PLAN_STALE",
    message: expect.stringContaining("job api: version 2.0.0 -> 1.0.0"),
  });
  bucket.job("api", TWO, { "late.conf": "x\n" });
  await bucket.build();
  await expect(apply(bucket, saved)).rejects.toMatchObject({ code: "PLAN_STALE" });
});

it("is refused after a change of a KV value that it used", async () => {
  bucket.job("api", ONE, { "app.fill": "color @color\n" });
  await put(bucket, "vars/job/api", "color", "red");
  const { saved } = await planned();
  await bucket.build();
  await put(bucket, "vars/job/api", "color", "blue");
  await expect(apply(bucket, saved)).rejects.toMatchObject({
    message: expect.stringContaining("KV vars/job/api color: changed"),
  });
});

it("can be made from a complete workspace in another directory, and marks the build as a preview for plugins", async () => {
  bucket.job("api", ONE, { "app.conf": "one\n" });
  await bucket.ship();
  seen.length = 0;
  const other = join(bucket.root, "checkout");
  cpSync(join(bucket.root, "workspace"), other, { recursive: true, preserveTimestamps: true });
  const file = join(other, "jobs/api/app.conf");
  const { atime, mtime } = statSync(file);
  writeFileSync(file, "two\n");
  utimesSync(file, atime, mtime); // with the same size and time as the file that was built
  const { saved } = await planned(other);
  expect(saved.waves[0]?.jobs[0]?.allocations[0]?.files?.[0]?.diff).toContain("-one\n+two\n");
  expect(new Set(seen)).toEqual(new Set([true]));
  expect((await planned()).saved.required).toBe(false);
});

it("refuses a workspace with mistakes, and reports all of them", async () => {
  bucket.job("api", { selectors: "worker", version: 7 });
  await expect(planned()).rejects.toMatchObject({ code: "PROBLEMS" });
});

it("names the jobs whose post_build did not run, and leaves jobs that pre_deploy could change undecided", async () => {
  const before = definePlugin({
    name: "built",
    apply: ({ afterBuild, beforeJob }) => {
      afterBuild.tap("built", () => {
        throw new Error("must not run");
      });
      beforeJob.tap("built", () => {
        throw new Error("must not run");
      });
    },
  });
  const other = aBucket({ plugins: [fill, before] });
  bucket.dispose();
  bucket = other;
  bucket.workers(A);
  bucket.job("api", { ...ONE, ...PRE_DEPLOY }, { "app.fill": "@color\n", "_modules/command_before.py": "\n" });
  const { saved } = await planned();
  expect(saved.notes).toEqual([expect.stringContaining("post_build of api did not run")]);
  expect(saved.undecided.map(({ job }) => job)).toEqual(["api"]);
});

it("a plan of a workspace warns if the git history lacks the commit of the last build", async () => {
  const git = (...args: readonly string[]) => {
    const author = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
    return execFileSync("git", [...author, "-C", join(bucket.root, "workspace"), ...args], {
      encoding: "utf8",
    }).trim();
  };
  const commit = (text: string) => {
    bucket.job("api", ONE, { "app.conf": text });
    git("add", "-A");
    git("commit", "-qm", text);
    return git("rev-parse", "HEAD");
  };
  git("init", "-q");
  const older = commit("one");
  commit("two");
  await bucket.build();
  git("checkout", "-q", older);
  expect((await planned()).problems).toMatchObject([{ code: "older_workspace", level: "warning" }]);
});

it("a plan of a workspace calls no provider of secrets, and names the secrets that were never read", async () => {
  const asked: string[] = [];
  const provider = definePlugin({
    name: "provider",
    apply: ({ resolveSecrets }) =>
      resolveSecrets.tapPromise("provider", async ({ provider: name }) => {
        asked.push(name);
        return undefined;
      }),
  });
  bucket.dispose();
  bucket = aBucket({ plugins: [provider] });
  bucket.workers(A);
  bucket.job("api", ONE, { "vars.toml": 'password = "secret://op/prod/api/password"\n' });
  const { problems } = await planned();
  expect(problems).toMatchObject([{ code: "secret_not_read", where: "workspace/jobs/api/vars.toml: password" }]);
  expect(asked).toEqual([]);
});
