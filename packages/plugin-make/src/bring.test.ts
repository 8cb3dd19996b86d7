import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
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
import { contentHash, createHooks, type RemoteStream, type StageContext, type TreeFile } from "@maand/core";
import { fakeRemote, stageContext } from "@maand/core/testing";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { make } from "./make.ts";
import { streamOf } from "./runner.test.support.ts";

type Files = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;

describe("files that come through the runner", { timeout: 60_000 }, () => {
  it("make a job's directory equal to its tree, on a worker that has nothing yet", async () => {
    const worker = aWorker();
    const web = { Makefile: "start:", "bin.d/run": { text: "#!/bin/sh", mode: 0o755 }, empty: "" };
    expect(await worker.bring({ web }, { "worker.json": "{}", "bin/runner.py": "# runner" })).toBe("done");
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

  it("are asked for only where they differ", async () => {
    const worker = aWorker();
    await worker.bring({ web: { a: "same", b: "old" } });
    await worker.bring({ web: { a: "same", b: "new", c: "same" } });
    expect(worker.sent()).toEqual(["same", "old", "new", "same"]);
    expect(worker.files()).toMatchObject({ "jobs/web/a": "same", "jobs/web/b": "new", "jobs/web/c": "same" });
  });

  it("leave other jobs alone, and what a job keeps for itself; what is in no tree goes", async () => {
    const worker = aWorker();
    worker.write("jobs/other/file", "theirs");
    worker.write("jobs/web/data/db", "rows");
    worker.write("jobs/web/conf/data/db", "not kept");
    worker.write("jobs/web/gone/deep/file", "left");
    worker.write("foreign", "not ours");
    await worker.bring({ web: { "conf/a": "a" } });
    expect(worker.deleted().sort()).toEqual(["jobs/web/conf/data", "jobs/web/gone"]);
    expect(worker.files()).toEqual({
      foreign: "not ours",
      "jobs/other/file": "theirs",
      "jobs/web/conf/a": "a",
      "jobs/web/data/db": "rows",
    });
    expect(existsSync(join(worker.root, "jobs/web/gone"))).toBe(false);
  });

  it("get the mode they are to have, also where only that differs", async () => {
    const worker = aWorker();
    await worker.bring({ web: { run: "x" } });
    await worker.bring({ web: { run: { text: "x", mode: 0o755 } } });
    expect(worker.mode("jobs/web/run")).toBe(0o755);
    expect(worker.sent()).toEqual(["x"]);
  });

  it("never go through a link to another place", async () => {
    const worker = aWorker();
    worker.write("elsewhere/a", "a");
    worker.write("elsewhere/secret", "outside");
    mkdirSync(join(worker.root, "jobs/web"), { recursive: true });
    symlinkSync(join(worker.root, "elsewhere"), join(worker.root, "jobs/web/conf"));
    symlinkSync(join(worker.root, "elsewhere/secret"), join(worker.root, "jobs/web/file"));
    await worker.bring({ web: { "conf/a": "a", file: "inside" } });
    expect(worker.files()).toEqual({
      "elsewhere/a": "a",
      "elsewhere/secret": "outside",
      "jobs/web/conf/a": "a",
      "jobs/web/file": "inside",
    });
    expect(lstatSync(join(worker.root, "jobs/web/conf")).isDirectory()).toBe(true);
  });

  it("replace nothing when one does not arrive as it was planned, and leave it to the next tap", async () => {
    const worker = aWorker();
    await worker.bring({ web: { a: "old", b: "old" } });
    const answer = await worker.bring({ web: { a: "new a", b: "new b" } }, {}, (file) =>
      file.path === "b" ? "tampered" : undefined,
    );
    expect(answer).toBeUndefined();
    expect(worker.files()).toEqual({ "jobs/web/a": "old", "jobs/web/b": "old" });
  });

  it("leave every file as it was when nobody sends the rest", async () => {
    const worker = aWorker();
    const old = { "jobs/web/a": "old", "jobs/web/b": "old" };
    await worker.bring({ web: { a: "old", b: "old" } });
    const halfway = (end: () => void) =>
      worker.bring({ web: { a: "new a", b: "new b" } }, {}, (file) => {
        if (file.path === "b") end();
        return undefined;
      });
    await expect(halfway(() => worker.kill())).rejects.toMatchObject({ code: "DISCONNECTED" });
    expect(worker.files()).toMatchObject(old);
    await expect(halfway(() => worker.hangUp())).rejects.toMatchObject({ code: "DISCONNECTED" });
    await vi.waitFor(() => expect(worker.files()).toEqual(old));
  });

  it("end with the run that is interrupted", async () => {
    const worker = aWorker();
    const interruption = new AbortController();
    interruption.abort();
    const context = worker.context({ web: { a: "a" } });
    await expect(worker.stage({ ...context, signal: interruption.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });

  it("are left to the next tap when they are many or large, or the worker is local", async () => {
    const worker = aWorker();
    const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`f${at}`, ""]));
    const half = "x".repeat(500_000);
    for (const web of [many, { a: half, b: half, c: half }, { a: "x".repeat(600_000) }])
      expect(await worker.bring({ web })).toBeUndefined();
    const local = { ...worker.context({ web: { a: "a" } }), remote: fakeRemote({ transport: "local" }) };
    expect(await worker.stage(local)).toBeUndefined();
    expect(worker.started()).toBe(0);
  });

  it("take away what a killed runner left beside", async () => {
    const worker = aWorker();
    worker.write(".incoming-999999999-1/0", "half");
    await worker.bring({ web: { a: "a" } });
    expect(worker.files()).toEqual({ "jobs/web/a": "a" });
  });

  it("end as the last tree says, whatever was there before", async () => {
    const name = fc.constantFrom("a", "b", "c");
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
    const tree = fc.dictionary(path, fc.constantFrom("", "1", "2", "\u0000\n ü"), { maxKeys: 6 }).map(withoutClashes);
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { minLength: 2, maxLength: 3 }), async (trees) => {
        const worker = aWorker();
        for (const web of trees) expect(await worker.bring({ web })).toBe("done");
        const wanted = Object.entries(trees.at(-1) ?? {}).map(([at, text]) => [`jobs/web/${at}`, text]);
        expect(worker.files()).toEqual(Object.fromEntries(wanted));
        await worker.close();
      }),
      { numRuns: 25 },
    );
  });
});

/** No path of a tree is a directory of another one. */
function withoutClashes(tree: Record<string, string>): Record<string, string> {
  const paths = Object.keys(tree);
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !paths.some((other) => other.startsWith(`${path}/`))),
  );
}

/** A directory as a worker's, with the plugin's own hooks and a real runner in Python. */
function aWorker() {
  const root = mkdtempSync(join(tmpdir(), "maand-bring-"));
  const runners: ChildProcess[] = [];
  const streams: RemoteStream[] = [];
  const sent: string[] = [];
  const deleted: string[] = [];
  const hooks = createHooks();
  void make().apply(hooks);
  const remote = {
    ...fakeRemote({ root }),
    async stream(argv: readonly unknown[]) {
      const [program = "", ...args] = argv.map(String);
      const runner = spawn(program, args, { env: { PATH: process.env.PATH ?? "" } });
      const stream = streamOf(runner);
      runners.push(runner);
      streams.push(stream);
      return stream;
    },
  };
  const close = async () => {
    for (const stream of streams) stream.io.destroy();
    await Promise.all(streams.map(({ exit }) => exit));
    rmSync(root, { recursive: true, force: true });
  };
  onTestFinished(close);

  function context(
    jobs: Readonly<Record<string, Files>>,
    metadata: Readonly<Record<string, string>> = {},
    instead: (file: TreeFile) => string | undefined = () => undefined,
  ): StageContext {
    const trees = Object.entries(jobs).map(([job, files]) => ({ job, files: Object.entries(files).map(asFile) }));
    const read = (file: TreeFile) => {
      const content = Buffer.from(instead(file) ?? file.content ?? "");
      sent.push(content.toString());
      return content;
    };
    const note = (path: string) => void deleted.push(path);
    return stageContext({ remote, trees, metadata: new Map(Object.entries(metadata)), read, deleted: note });
  }

  return {
    root,
    context,
    close,
    stage: (given: StageContext) => hooks.stage.promise(given),
    bring: (...of: Parameters<typeof context>) => hooks.stage.promise(context(...of)),
    kill: () => void runners.at(-1)?.kill("SIGKILL"),
    hangUp: () => void runners.at(-1)?.stdin?.end(),
    sent: () => sent,
    deleted: () => deleted,
    started: () => streams.length,
    mode: (path: string) => statSync(join(root, path)).mode & 0o777,
    write(path: string, text: string) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      chmodSync(join(root, path), 0o600);
    },
    files: () =>
      Object.fromEntries(
        readdirSync(root, { recursive: true, encoding: "utf8" })
          .filter((path) => lstatSync(join(root, path)).isFile())
          .sort()
          .map((path) => [path, readFileSync(join(root, path), "utf8")]),
      ),
  };
}

function asFile([path, given]: readonly [string, Files[string]]): TreeFile {
  const { text, mode } = typeof given === "string" ? { text: given, mode: 0o644 } : given;
  const content = Buffer.from(text);
  return { path, content, hash: contentHash(content), executable: mode !== 0o644, size: content.length };
}
