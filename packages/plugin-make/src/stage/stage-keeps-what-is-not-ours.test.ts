import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { aWorker, MAY_MOUNT } from "./stage.test.support.ts";

type Worker = ReturnType<typeof aWorker>;

/** Makes a symbolic link in a worker's directory. */
function link(worker: Worker, path: string, target: string): void {
  mkdirSync(dirname(join(worker.root, path)), { recursive: true });
  symlinkSync(target, join(worker.root, path));
}

const isLink = (worker: Worker, path: string) => lstatSync(join(worker.root, path)).isSymbolicLink();

/** A directory on another file system than the workers, or on the same one if there is no other. */
function elsewhere(): string {
  const isOther = (path: string) => existsSync(path) && statSync(path).dev !== statSync(tmpdir()).dev;
  const path = mkdtempSync(join(["/dev/shm", "/var/tmp"].find(isOther) ?? tmpdir(), "maand-elsewhere-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe("a link of the operator", () => {
  it.each(["jobs", "jobs/web"])("at %s is followed, and kept files behind it stay", async (path) => {
    const worker = aWorker();
    const far = elsewhere();
    const web = path === "jobs" ? join(far, "web") : far;
    mkdirSync(join(web, "data"), { recursive: true });
    worker.write("precious", "rows");
    symlinkSync(join(worker.root, "precious"), join(web, "data/db"));
    link(worker, path, far);
    expect(await worker.stageJobs({ web: { "manifest.json": "{}", Makefile: "start:", "conf/a": "a" } })).toBe("done");
    expect(await worker.stageJobs({ web: { "manifest.json": "{}", Makefile: "restart:", "conf/a": "b" } })).toBe(
      "done",
    );
    expect(isLink(worker, path)).toBe(true);
    expect(readFileSync(join(web, "Makefile"), "utf8")).toBe("restart:");
    expect(readFileSync(join(web, "conf/a"), "utf8")).toBe("b");
    expect(readFileSync(join(web, "data/db"), "utf8")).toBe("rows");
  });

  it.each(["jobs", "jobs/web"])("at %s without a target is refused with its path", async (path) => {
    const worker = aWorker();
    link(worker, path, "/no/such/place");
    expect(await worker.refused({ a: "a" })).toMatchObject({
      code: "STAGE_FAILED",
      message: `files cannot be synced to 10.0.0.1: ${path} is a link that does not lead to a directory`,
    });
    expect(isLink(worker, path)).toBe(true);
  });

  it.each([
    ["conf", { "conf/a": "a", other: "new" }, "directory"],
    ["app.conf", { "app.conf": "inside", other: "new" }, "file"],
  ])("in place of a %s of the job is refused with its path, and nothing is changed", async (name, files, what) => {
    const worker = aWorker();
    worker.write("far/a", "a");
    worker.write("jobs/web/other", "old");
    link(worker, `jobs/web/${name}`, join(worker.root, "far"));
    expect(await worker.refused(files)).toMatchObject({
      code: "STAGE_FAILED",
      message: expect.stringContaining(`jobs/web/${name} is a symbolic link where a ${what} belongs`),
    });
    expect(worker.files()).toEqual({ "far/a": "a", "jobs/web/other": "old" });
    expect(isLink(worker, `jobs/web/${name}`)).toBe(true);
  });

  it("to a directory with foreign files is refused with its path, before anything is deleted", async () => {
    const worker = aWorker();
    worker.write("far/theirs", "precious");
    link(worker, "jobs/web", join(worker.root, "far"));
    expect(await worker.refused({ a: "a" })).toMatchObject({
      message: expect.stringContaining("jobs/web leads to a directory that maand did not create: it contains theirs"),
    });
    expect(worker.files()).toEqual({ "far/theirs": "precious" });
  });

  it("to the directory of another job is refused with its path", async () => {
    const worker = aWorker();
    await worker.stageJobs({ api: { "manifest.json": "{}", b: "b" } });
    link(worker, "jobs/web", join(worker.root, "jobs/api"));
    expect(await worker.refused({ a: "a" })).toMatchObject({
      message: expect.stringContaining("jobs/web and jobs/api lead to the same place"),
    });
    expect(worker.files()).toEqual({ "jobs/api/b": "b", "jobs/api/manifest.json": "{}" });
  });

  it("that is in no tree is deleted, but its target is kept", async () => {
    const worker = aWorker();
    worker.write("far/a", "a");
    link(worker, "jobs/web/current", join(worker.root, "far"));
    expect(await worker.stageJobs({ web: { b: "b" } })).toBe("done");
    expect(worker.deleted()).toEqual(["jobs/web/current"]);
    expect(worker.files()).toEqual({ "far/a": "a", "jobs/web/b": "b" });
  });
});

describe("a kept file", () => {
  it("stays with its directory, but the files next to it are replaced or deleted", async () => {
    const worker = aWorker();
    for (const path of ["run/deep/app.pid", "run/deep/conf", "run/deep/old", "run/deep.pid", "gone/old", "app.pid.old"])
      worker.write(`jobs/web/${path}`, path);
    worker.keeps("*.pid");
    expect(await worker.stageJobs({ web: { "run/deep/conf": "new" } })).toBe("done");
    expect(worker.files()).toEqual({
      "jobs/web/run/deep.pid": "run/deep.pid",
      "jobs/web/run/deep/app.pid": "run/deep/app.pid",
      "jobs/web/run/deep/conf": "new",
    });
    expect(worker.deleted()).toEqual(
      ["app.pid.old", "gone/old", "gone", "run/deep/old"].map((path) => `jobs/web/${path}`),
    );
  });

  it("does not protect files of another job", async () => {
    const worker = aWorker();
    worker.write("jobs/web/app.pid", "7");
    worker.write("jobs/api/app.pid", "8");
    worker.keeps("*.pid");
    expect(await worker.stageJobs({ web: { a: "a" }, api: { a: "a" } })).toBe("done");
    expect(worker.files()).toEqual({ "jobs/api/a": "a", "jobs/web/a": "a", "jobs/web/app.pid": "7" });
    expect(worker.deleted()).toEqual(["jobs/api/app.pid"]);
  });

  it("prevents its directory from becoming a file, and the error names its path", async () => {
    const worker = aWorker();
    worker.write("jobs/web/run/deep/app.pid", "7");
    worker.write("jobs/web/a", "old");
    worker.keeps("*.pid");
    expect(await worker.refused({ run: "now a file", a: "new" })).toMatchObject({
      code: "STAGE_FAILED",
      message: expect.stringContaining(
        'jobs/web/run is a directory where a file belongs, but "keep" in its manifest protects jobs/web/run/deep/app.pid',
      ),
    });
    expect(worker.files()).toEqual({ "jobs/web/a": "old", "jobs/web/run/deep/app.pid": "7" });
  });

  it("prevents a directory at its path, and the error names its path", async () => {
    const worker = aWorker();
    worker.write("jobs/web/run", "theirs");
    worker.keeps("run");
    expect(await worker.refused({ "run/a": "a" })).toMatchObject({
      message: expect.stringContaining(
        'jobs/web/run is where a directory belongs, but "keep" in its manifest protects it',
      ),
    });
    expect(worker.files()).toEqual({ "jobs/web/run": "theirs" });
  });
});

it("a directory without kept files can become a file, and its contents are reported as deleted", async () => {
  const worker = aWorker();
  worker.write("jobs/web/run/one", "1");
  worker.write("jobs/web/run/deep/two", "2");
  expect(await worker.stageJobs({ web: { run: "now a file" } })).toBe("done");
  expect(worker.files()).toEqual({ "jobs/web/run": "now a file" });
  expect(worker.deleted()).toEqual(["jobs/web/run", "jobs/web/run/deep", "jobs/web/run/deep/two", "jobs/web/run/one"]);
});

describe.skipIf(!MAY_MOUNT)("a mount point in a job's directory", () => {
  function mounted(where: string, files: Readonly<Record<string, string>>): Worker {
    const worker = aWorker({ mounts: [[where, "disk"]] });
    mkdirSync(join(worker.root, where), { recursive: true });
    for (const [path, text] of Object.entries(files)) worker.write(path, text);
    return worker;
  }

  it.each([
    ["jobs/web/uploads", "disk/photo"],
    ["jobs/web/deep/er/uploads", "disk/photo"],
    ["jobs/web/conf", "disk/theirs"],
  ])("at %s prevents the sync, and nothing is changed", async (where, path) => {
    const worker = mounted(where, { [path]: "precious", "jobs/web/conf/a": "old" });
    expect(await worker.refused({ "conf/a": "new" })).toMatchObject({
      code: "STAGE_FAILED",
      message: expect.stringContaining(`${where} is a mount point and `),
    });
    expect(worker.files()).toEqual({ [path]: "precious", "jobs/web/conf/a": "old" });
  });

  it("receives the files of the job that belong in it", async () => {
    const worker = mounted("jobs/web/conf", { "disk/a": "old" });
    expect(await worker.stageJobs({ web: { "conf/a": "new", "conf/b": { text: "b", mode: 0o755 } } })).toBe("done");
    expect(worker.files()).toEqual({ "disk/a": "new", "disk/b": "b" });
    expect(worker.mode("disk/b")).toBe(0o755);
  });

  it.each(["jobs/web", "jobs/web/data"])("at %s stays in place", async (where) => {
    const kept = where === "jobs/web" ? "disk/data/db" : "disk/db";
    const worker = mounted(where, { [kept]: "rows" });
    expect(await worker.stageJobs({ web: { "manifest.json": "{}", a: "a" } })).toBe("done");
    expect(worker.files()).toMatchObject({ [kept]: "rows", [where === "jobs/web" ? "disk/a" : "jobs/web/a"]: "a" });
  });
});
