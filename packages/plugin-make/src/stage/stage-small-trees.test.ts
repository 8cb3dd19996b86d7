import { existsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { fakeRemote } from "@maand/core/testing";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { aWorker } from "./stage.test.support.ts";

describe("files staged through the runner", () => {
  it("make a job's directory equal to its tree, on a new worker", async () => {
    const worker = aWorker();
    const web = { Makefile: "start:", "bin.d/run": { text: "#!/bin/sh", mode: 0o755 }, empty: "" };
    expect(await worker.stageJobs({ web }, { "worker.json": "{}", "bin/runner.py": "# runner" })).toBe("done");
    expect(worker.files()).toEqual({
      "bin/runner.py": "# runner",
      "jobs/web/Makefile": "start:",
      "jobs/web/bin.d/run": "#!/bin/sh",
      "jobs/web/empty": "",
      "worker.json": "{}",
    });
    expect(worker.mode("jobs/web/bin.d/run")).toBe(0o755);
    expect(worker.mode("jobs/web/Makefile")).toBe(0o644);
    expect(worker.mode("jobs/web/bin.d")).toBe(0o755);
  });

  it("are sent only if they differ", async () => {
    const worker = aWorker();
    const [same, old, changed] = ["same", "old", "new"].map((word) => word.repeat(5_000));
    await worker.stageJobs({ web: { a: same ?? "", b: old ?? "" } });
    await worker.stageJobs({ web: { a: same ?? "", b: changed ?? "", c: same ?? "" } });
    expect(worker.sent()).toEqual([same, old, changed, same]);
    expect(worker.files()).toMatchObject({ "jobs/web/a": same, "jobs/web/b": changed, "jobs/web/c": same });
  });

  it("are sent with the request if they have only a few KiB", async () => {
    const worker = aWorker();
    await worker.stageJobs({ web: { a: "same", b: "old" } });
    await worker.stageJobs({ web: { a: "same", b: "new", c: "same" } });
    expect(worker.sent()).toEqual(["same", "old", "same", "new"]);
    expect(worker.files()).toEqual({ "jobs/web/a": "same", "jobs/web/b": "new", "jobs/web/c": "same" });
  });

  it("do not affect other jobs or kept files, and files in no tree are deleted", async () => {
    const worker = aWorker();
    worker.write("jobs/other/file", "theirs");
    worker.write("jobs/web/data/db", "rows");
    worker.write("jobs/web/conf/data/db", "not kept");
    worker.write("jobs/web/gone/deep/file", "left");
    worker.write("foreign", "not ours");
    await worker.stageJobs({ web: { "conf/a": "a" } });
    expect(worker.deleted().sort()).toEqual(["jobs/web/conf/data", "jobs/web/gone"]);
    expect(worker.files()).toEqual({
      foreign: "not ours",
      "jobs/other/file": "theirs",
      "jobs/web/conf/a": "a",
      "jobs/web/data/db": "rows",
    });
    expect(existsSync(join(worker.root, "jobs/web/gone"))).toBe(false);
  });

  it("get the planned mode, even if only the mode differs", async () => {
    const worker = aWorker();
    const text = "x".repeat(10_000);
    await worker.stageJobs({ web: { run: text } });
    await worker.stageJobs({ web: { run: { text, mode: 0o755 } } });
    expect(worker.mode("jobs/web/run")).toBe(0o755);
    expect(worker.sent()).toEqual([text]);
  });

  it("are hashed on the worker only if their size matches", async () => {
    const worker = aWorker();
    await worker.stageJobs({ web: { a: "small" } });
    truncateSync(join(worker.root, "jobs/web/a"), 1024 ** 4);
    await worker.stageJobs({ web: { a: "small" } });
    expect(worker.files()).toEqual({ "jobs/web/a": "small" });
  });

  it("replace nothing if one of them arrives with other content, and the next tap is called", async () => {
    const worker = aWorker();
    await worker.stageJobs({ web: { a: "old", b: "old" } });
    const answer = await worker.stageJobs({ web: { a: "new a", b: "new b" } }, {}, (file) =>
      file.path === "b" ? "tampered" : undefined,
    );
    expect(answer).toBeUndefined();
    expect(worker.files()).toEqual({ "jobs/web/a": "old", "jobs/web/b": "old" });
  });

  it("leave every file unchanged if the transfer is incomplete", async () => {
    const worker = aWorker();
    const old = { "jobs/web/a": "old", "jobs/web/b": "old" };
    await worker.stageJobs({ web: { a: "old", b: "old" } });
    const halfway = (end: () => void) =>
      worker.stageJobs({ web: { a: "new a", b: "new b" } }, {}, (file) => {
        if (file.path === "b") end();
        return undefined;
      });
    await expect(halfway(() => worker.kill())).rejects.toMatchObject({ code: "DISCONNECTED" });
    expect(worker.files()).toMatchObject(old);
    await expect(halfway(() => worker.hangUp())).rejects.toMatchObject({ code: "DISCONNECTED" });
    await vi.waitFor(() => expect(worker.files()).toEqual(old));
  });

  it("are not synced if the run is interrupted", async () => {
    const worker = aWorker();
    const interruption = new AbortController();
    interruption.abort();
    const context = worker.context({ web: { a: "a" } });
    await expect(worker.stage({ ...context, signal: interruption.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(worker.files()).toEqual({});
  });

  it("are left to the next tap if they are many or large, or the worker is local", async () => {
    const worker = aWorker();
    const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`f${at}`, ""]));
    const long = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`${"d/".repeat(500)}${at}`, ""]));
    const half = "x".repeat(500_000);
    for (const web of [many, long, { a: half, b: half, c: half }, { a: "x".repeat(600_000) }])
      expect(await worker.stageJobs({ web })).toBeUndefined();
    expect(await worker.stageJobs({ web: { a: "a" } }, { "bin/tool": "x".repeat(600_000) })).toBeUndefined();
    expect(worker.sent()).toEqual([]);
    const local = { ...worker.context({ web: { a: "a" } }), remote: fakeRemote({ transport: "local" }) };
    expect(await worker.stage(local)).toBeUndefined();
    expect(worker.started()).toBe(0);
  });

  it("replace the temporary files of a killed runner, but no other files", async () => {
    const worker = aWorker();
    worker.write(".incoming-999999999-1/0", "half");
    worker.write(".incoming-photos/0", "theirs");
    worker.write(".incoming-7", "theirs");
    await worker.stageJobs({ web: { a: "a" } });
    expect(worker.files()).toEqual({
      ".incoming-7": "theirs",
      ".incoming-photos/0": "theirs",
      "jobs/web/a": "a",
    });
  });

  it("match the last tree, regardless of the trees before it", async () => {
    const name = fc.constantFrom("a", "b", "c");
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
    const tree = fc.dictionary(path, fc.constantFrom("", "1", "2", "\u0000\n ü"), { maxKeys: 6 }).map(withoutClashes);
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { minLength: 2, maxLength: 3 }), async (trees) => {
        const worker = aWorker();
        for (const web of trees) expect(await worker.stageJobs({ web })).toBe("done");
        const wanted = Object.entries(trees.at(-1) ?? {}).map(([at, text]) => [`jobs/web/${at}`, text]);
        expect(worker.files()).toEqual(Object.fromEntries(wanted));
        await worker.close();
      }),
      { numRuns: 25 },
    );
  });
});

/** Removes each path that is a directory of another path. */
function withoutClashes(tree: Record<string, string>): Record<string, string> {
  const paths = Object.keys(tree);
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !paths.some((other) => other.startsWith(`${path}/`))),
  );
}
