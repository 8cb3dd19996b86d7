import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { InspectContext } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { fakeRemote, inspectContext } from "@maand/core/testing";
import { expect, it } from "vitest";
import { make } from "../make.ts";
import { aWorker } from "../stage/stage.test.support.ts";

const sha = (text: string) => createHash("sha256").update(text).digest("hex");

type TestWorker = ReturnType<typeof aWorker>;

/** Inspects the job web: files by path with their expected text. */
async function inspect(
  worker: TestWorker,
  files: Readonly<Record<string, string>>,
  over: Partial<InspectContext> = {},
  protect: readonly string[] = [],
) {
  const { remote } = worker.context({});
  const hooks = createHooks();
  void make().apply(hooks);
  const expected = new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      { hash: sha(text), mode: 0o600, size: Buffer.byteLength(text) },
    ]),
  );
  const jobs = new Map([["web", { files: expected, protect }]]);
  const found = await hooks.inspect.promise(inspectContext({ remote, jobs, ...over }));
  if (!found) throw new Error("no tap returned a value");
  return found;
}

const jobOf = (found: Awaited<ReturnType<typeof inspect>>) => found.jobs.get("web");

it("an inspection hashes the given files, and lists everything else without reading it", async () => {
  const worker = aWorker();
  worker.write("jobs/web/Makefile", "start:");
  worker.write("jobs/web/conf/a.conf", "a");
  worker.write("jobs/web/conf/extra/deep/core", "by hand");
  worker.write("jobs/web/notes.txt", "by hand");
  for (const path of ["data/d", "logs/l", "bin/b"]) worker.write(`jobs/web/${path}`, "of the job");
  const before = worker.files();
  const found = await inspect(worker, { Makefile: "start:", "conf/a.conf": "a", "conf/gone": "x" });
  const own = { uid: process.getuid?.(), gid: process.getgid?.(), mode: 0o600 };
  expect(found.exists).toBe(true);
  expect(jobOf(found)).toEqual({
    files: [
      { path: "Makefile", size: 6, hash: sha("start:"), ...own },
      { path: "conf/a.conf", size: 1, hash: sha("a"), ...own },
    ],
    others: [
      { path: "conf/extra", kind: "directory" },
      { path: "notes.txt", kind: "file" },
    ],
    hasMore: false,
    unread: [],
  });
  expect(worker.files()).toEqual(before);
});

it("a link in place of a file or directory is listed with its target and not followed", async () => {
  const worker = aWorker();
  worker.write("jobs/web/Makefile", "start:");
  worker.write("elsewhere/a.conf", "a");
  symlinkSync("/etc/passwd", join(worker.root, "jobs/web/app.conf"));
  symlinkSync("../../elsewhere", join(worker.root, "jobs/web/conf"));
  mkdirSync(join(worker.root, "jobs/web/run.sh"));
  const found = jobOf(await inspect(worker, { Makefile: "", "app.conf": "", "conf/a.conf": "a", "run.sh": "" }));
  expect(found?.files.map(({ path }) => path)).toEqual(["Makefile"]);
  expect(found?.others).toEqual([
    { path: "app.conf", kind: "link", target: "/etc/passwd" },
    { path: "conf", kind: "link", target: "../../elsewhere" },
    { path: "run.sh", kind: "directory" },
  ]);
});

it("files that keep protects are not listed, even inside directories that do not belong to the job", async () => {
  const worker = aWorker();
  for (const path of ["app.pid", "run/sock", "cache/a.db", "cache/a.txt", "cache/deep/b.db"])
    worker.write(`jobs/web/${path}`, "x");
  const found = jobOf(await inspect(worker, {}, {}, ["*.pid", "run/", "*.db"]));
  expect(found?.others).toEqual([{ path: "cache/a.txt", kind: "file" }]);
});

it("the text of a metadata file is returned only if its hash differs", async () => {
  const worker = aWorker();
  worker.write("worker.json", "{}");
  worker.write("bin/runner.py", "edited");
  const metadata = new Map([
    ["worker.json", sha("{}")],
    ["bin/runner.py", sha("as delivered")],
    ["jobs.json", sha("[]")],
  ]);
  const found = await inspect(worker, {}, { metadata });
  expect([...found.metadata]).toEqual([
    ["worker.json", { hash: sha("{}") }],
    ["bin/runner.py", { hash: sha("edited"), text: "edited" }],
  ]);
  expect(found.jobs.size).toBe(0);
});

it("the content of a file that differs is returned up to the limit", async () => {
  const worker = aWorker();
  worker.write("jobs/web/a", "ü\0\n");
  worker.write("jobs/web/b", "same");
  worker.write("jobs/web/c", "x".repeat(101));
  const found = jobOf(await inspect(worker, { a: "other", b: "same", c: "other" }, { contentLimit: 100 }));
  expect(found?.files.map(({ path, content }) => [path, content && Buffer.from(content).toString()])).toEqual([
    ["a", "ü\0\n"],
    ["b", undefined],
    ["c", undefined],
  ]);
});

it("the ids of known users and groups are returned, and unknown ones are omitted", async () => {
  const found = await inspect(aWorker(), {}, { users: ["root", "nobody-here", "4711"], groups: ["root"] });
  expect([...found.users]).toEqual([
    ["root", 0],
    ["4711", 4711],
  ]);
  expect([...found.groups]).toEqual([["root", 0]]);
});

it("a missing bucket directory is reported and not created", async () => {
  const worker = aWorker();
  rmSync(worker.root, { recursive: true });
  expect(await inspect(worker, { Makefile: "" })).toMatchObject({ exists: false });
  expect(existsSync(worker.root)).toBe(false);
});

const LONG_AGO = new Date("2020-01-01");

it("a file is read again only if it has changed, even if its size and modification time are the same", async () => {
  const worker = aWorker();
  const big = join(worker.root, "jobs/web/big");
  worker.write("jobs/web/big", "a".repeat(70_000));
  utimesSync(big, LONG_AGO, LONG_AGO);
  const text = "a".repeat(70_000);
  const cache = join(worker.root, "digests");
  // its ctime is recent, so nothing is recorded yet
  expect(jobOf(await inspect(worker, { big: text }))?.files[0]?.hash).toBe(sha(text));
  expect(existsSync(cache)).toBe(false);
  await expect
    .poll(
      async () => {
        await inspect(worker, { big: text });
        return existsSync(cache);
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  expect(statSync(cache).mode & 0o777).toBe(0o600);
  // the result comes from the cache: the file is not read
  const known = readFileSync(cache, "utf8");
  const forged = sha("forged");
  writeFileSync(cache, known.replace(sha(text), forged));
  expect(jobOf(await inspect(worker, { big: text }))?.files[0]?.hash).toBe(forged);
  // a cache that other users can write is not trusted
  chmodSync(cache, 0o644);
  expect(jobOf(await inspect(worker, { big: text }))?.files[0]?.hash).toBe(sha(text));
  chmodSync(cache, 0o600);
  // different content with the same size and modification time
  writeFileSync(big, "b".repeat(70_000));
  utimesSync(big, LONG_AGO, LONG_AGO);
  expect(jobOf(await inspect(worker, { big: text }))?.files[0]?.hash).toBe(sha("b".repeat(70_000)));
});

it("a link in place of the cache is neither read nor written through", async () => {
  const worker = aWorker();
  const [cache, target] = ["digests", "target"].map((name) => join(worker.root, name)) as [string, string];
  const text = "a".repeat(70_000);
  worker.write("jobs/web/big", text);
  utimesSync(join(worker.root, "jobs/web/big"), LONG_AGO, LONG_AGO);
  await expect
    .poll(
      async () => {
        await inspect(worker, { big: text });
        return existsSync(cache);
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  const forged = readFileSync(cache, "utf8").replace(sha(text), sha("forged"));
  rmSync(cache);
  writeFileSync(target, forged, { mode: 0o600 });
  symlinkSync("target", cache);
  expect(jobOf(await inspect(worker, { big: text }))?.files[0]?.hash).toBe(sha(text));
  expect(readFileSync(target, "utf8")).toBe(forged);
  expect(readFileSync(cache, "utf8")).not.toBe(forged);
});

it("the error for a worker without Python names the worker", async () => {
  const hooks = createHooks();
  void make().apply(hooks);
  await expect(hooks.inspect.promise(inspectContext({ remote: fakeRemote() }))).rejects.toMatchObject({
    worker: "10.0.0.1",
  });
});

/** A worker whose job is exactly as expected; Python on it fails, so that only the quick check can return a result. */
function withoutPython(worker: TestWorker) {
  const { remote } = worker.context({});
  const argv = (words: readonly unknown[]) =>
    words.map((word) => (/(^|\/)python3$/.test(String(word)) ? "false" : word));
  return { ...remote, stream: (words: Parameters<typeof remote.stream>[0]) => remote.stream(argv(words).map(String)) };
}

const AS_EXPECTED = { Makefile: "start:", "conf/a b.conf": "a", "conf/ü/c": "c" };

function asExpected(): TestWorker {
  const worker = aWorker();
  for (const [path, text] of Object.entries(AS_EXPECTED)) worker.write(`jobs/web/${path}`, text);
  worker.write("jobs/web/data/own", "of the job");
  worker.write("worker.json", "{}");
  for (const path of ["jobs/web/conf", "jobs/web/conf/ü"]) chmodSync(join(worker.root, path), 0o755);
  return worker;
}

const METADATA = new Map([["worker.json", sha("{}")]]);

it("a worker that is as expected needs no Python", async () => {
  const worker = asExpected();
  const found = await inspect(worker, AS_EXPECTED, { remote: withoutPython(worker), metadata: METADATA });
  expect(jobOf(found)).toMatchObject({ files: Object.keys(AS_EXPECTED).map((path) => ({ path })), others: [] });
  expect([...found.metadata]).toEqual([["worker.json", { hash: sha("{}") }]]);
});

it.each<[string, (worker: TestWorker) => void]>([
  ["other content", (worker) => worker.write("jobs/web/Makefile", "start;")],
  ["another mode", (worker) => chmodSync(join(worker.root, "jobs/web/Makefile"), 0o644)],
  ["a missing file", (worker) => rmSync(join(worker.root, "jobs/web/Makefile"))],
  ["an added file", (worker) => worker.write("jobs/web/conf/data/x", "x")],
  ["other metadata", (worker) => worker.write("worker.json", "{ }")],
  ["an added link", (worker) => symlinkSync("Makefile", join(worker.root, "jobs/web/link"))],
])("a worker with %s is inspected with Python", async (_, edit) => {
  const worker = asExpected();
  edit(worker);
  const given = { remote: withoutPython(worker), metadata: METADATA };
  await expect(inspect(worker, AS_EXPECTED, given)).rejects.toMatchObject({ code: "COMMAND_FAILED" });
});
