import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { ActionContext, MaandError, Remote, RunContext, StageContext, Worker } from "@maand/core";
import { createHooks, DEFAULT_SETTINGS } from "@maand/core/internal";
import { stageContext } from "@maand/core/testing";
import { type RsyncOptions, rsync } from "@maand/plugin-rsync";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  BUCKET_ID,
  type Fleet,
  type FleetWorker,
  remotesFor,
  startFleet,
  until,
  type WorkerRemotes,
  withFleet,
} from "../../support/fleet/index.ts";

const ROOT = `/opt/worker/${BUCKET_ID}`;
const KEEP = ["data", "logs", "bin"];

let fleet: Fleet;
let worker: FleetWorker;
let remotes: WorkerRemotes;
let remote: Remote;

beforeAll(async () => {
  fleet = await startFleet({ count: 1 });
  worker = fleet.workers[0] as FleetWorker;
});
afterAll(() => fleet.close());

/** Texts of files by path, or pairs of text and mode. */
type Files = Readonly<Record<string, string | readonly [string, number]>>;

function tree(files: Files, where = fleet.directory): string {
  const root = mkdtempSync(join(where, "tree-"));
  for (const [path, file] of Object.entries(files)) {
    const [text, mode] = typeof file === "string" ? [file, 0o644] : file;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  }
  return root;
}

interface StageRequest {
  readonly sources: readonly string[];
  readonly jobs?: readonly string[];
  readonly protect?: StageContext["protect"];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly log?: (line: string) => void;
  readonly remote?: Remote;
  readonly options?: RsyncOptions;
}

function hooksWith(options?: RsyncOptions) {
  const hooks = createHooks();
  void rsync(options).apply(hooks);
  return hooks;
}

const SILENT: RunContext["emit"] = () => {};

function runContext(request: Partial<StageRequest>) {
  const to = request.remote ?? remote;
  const one: Worker = { host: to.host, workerId: "w", labels: [], tags: {}, memoryMb: 0, cpuMhz: 0, position: 0 };
  return {
    run: { id: "r", command: "deploy" },
    bucket: { id: BUCKET_ID, root: remotes.root },
    settings: DEFAULT_SETTINGS,
    signal: request.signal ?? new AbortController().signal,
    log: request.log ?? (() => {}),
    emit: SILENT,
    worker: one,
    remote: to,
    timeoutMs: request.timeoutMs ?? 20_000,
  };
}

function stage(request: StageRequest): Promise<"done" | undefined> {
  const jobs = request.jobs ?? ["api"];
  const { sources, protect = new Map() } = request;
  const context = { ...runContext(request), sources, jobs, keep: KEEP, protect, ...treesOf(sources, jobs) };
  return hooksWith(request.options).stage.promise(stageContext(context));
}

/** Merges the sources into the form that core passes to a transport. */
function treesOf(sources: readonly string[], jobs: readonly string[]): Pick<StageContext, "trees" | "metadata"> {
  const paths = new Set(sources.flatMap((source) => (existsSync(source) ? filesIn(source) : [])));
  const trees = jobs.map((job) => ({
    job,
    files: [...paths]
      .filter((path) => path.startsWith(`jobs/${job}/`))
      .map((path) => ({ path: path.slice(`jobs/${job}/`.length), hash: "", executable: false, size: 0 })),
  }));
  const metadata = [...paths].filter((path) => /^(worker\.json|jobs\.json|bin\/.*)$/.test(path));
  return { trees, metadata: new Map(metadata.map((path) => [path, ""])) };
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

function failure(promise: Promise<unknown>): Promise<MaandError> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: MaandError) => error,
  );
}

/** An environment variable that marks the processes of this file, because other tests also run rsync. */
const MARK = `MAAND_TEST_RSYNC=${process.pid}`;
process.env.MAAND_TEST_RSYNC = `${process.pid}`;

/** The processes that a sync started on this machine. */
function syncProcesses(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const environment = textOf(`/proc/${pid}/environ`).split("\0");
      const line = textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      return environment.includes(MARK) && /rsync --recursive|maand worker rsync|^cat $/.test(line);
    });
}

/** The text of a file in /proc; empty if the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function filesOn(one: FleetWorker): Promise<string[]> {
  return one.list(ROOT, { recursive: true });
}

const BIG = ["a", "b", "c", "d", "e", "f"];

/** The checksums of the {@link BIG} files that exist on the worker, by name. */
async function sums(one: FleetWorker): Promise<Map<string, string>> {
  const { stdout } = await one.run(["sh", "-c", `cd ${ROOT}/jobs/api && md5sum ${BIG.join(" ")}`]);
  return new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => [line.slice(34), line.slice(0, 32)]),
  );
}

async function killRsync(one: FleetWorker): Promise<void> {
  for (const pid of one.processesWith("rsync --server")) process.kill(pid, "SIGKILL");
}

beforeAll(async () => {
  remotes = remotesFor(fleet);
  remote = await remotes.connect(worker);
});
afterAll(() => remotes.close());
afterEach(() => worker.run(["rm", "-rf", ROOT]));

describe("a sync", () => {
  test("writes a worker's jobs and metadata over the open connection", async () => {
    const lines: string[] = [];
    const source = tree({
      "worker.json": "{}",
      "jobs.json": "[]",
      "bin/runner.py": ["run", 0o755],
      "jobs/api/Makefile": "start:",
      "jobs/api/conf/deep/app.conf": "a=1",
      "jobs/web/Makefile": "start:",
    });
    const answer = await stage({ sources: [source], jobs: ["api", "web"], log: (line) => lines.push(line) });
    expect(answer).toBe("done");
    expect(await filesOn(worker)).toEqual([
      "bin",
      "bin/runner.py",
      "jobs",
      "jobs.json",
      "jobs/api",
      "jobs/api/Makefile",
      "jobs/api/conf",
      "jobs/api/conf/deep",
      "jobs/api/conf/deep/app.conf",
      "jobs/web",
      "jobs/web/Makefile",
      "worker.json",
    ]);
    expect(await worker.mode(`${ROOT}/bin/runner.py`)).toBe(0o755);
    expect((await worker.run(["find", ROOT, "!", "-user", "root"])).stdout).toBe("");
    expect(worker.connections()).toBe(1);
    expect(lines).toEqual([]);
    await until("every process of the sync to end here", () => syncProcesses().length === 0);
  });

  test("changes nothing if the content is equal, even if the tree was written again", async () => {
    const files = { "worker.json": "{}", "jobs/api/Makefile": "start:" };
    await stage({ sources: [tree(files)] });
    const before = (await worker.run(["find", ROOT, "-printf", "%p %i %T@ %m\n"])).stdout;
    await stage({ sources: [tree(files)] });
    expect((await worker.run(["find", ROOT, "-printf", "%p %i %T@ %m\n"])).stdout).toBe(before);
  });

  test("makes a job's directory equal to its tree, and does not touch the job's own files or files outside", async () => {
    for (const name of KEEP) await worker.write(`${ROOT}/jobs/api/${name}/mine`, "runtime");
    await worker.write(`${ROOT}/jobs/api/stray`, "x");
    await worker.write(`${ROOT}/jobs/api/conf/data/old`, "x");
    await worker.write(`${ROOT}/jobs/apis/file`, "x");
    await worker.write(`${ROOT}/jobs/other/Makefile`, "x");
    await worker.write(`${ROOT}/jobs/loose`, "x");
    await worker.write(`${ROOT}/foreign/file`, "x");
    await worker.write(`${ROOT}/bin/mine`, "x");
    await worker.write(`${ROOT}/loose`, "x");
    const source = tree({
      "jobs/api/Makefile": "start:",
      "jobs/api/conf/new": "x",
      "jobs/api/data/sent": "never",
      "jobs/other/Makefile": "not in this sync",
      "foreign/file": "not ours",
      "bin/runner.py": "r",
    });
    await stage({ sources: [source] });
    expect(await filesOn(worker)).toEqual(
      [
        ...["bin", "bin/mine", "bin/runner.py", "foreign", "foreign/file", "jobs", "jobs/api", "jobs/api/Makefile"],
        ...KEEP.flatMap((name) => [`jobs/api/${name}`, `jobs/api/${name}/mine`]),
        ...["jobs/api/conf", "jobs/api/conf/new", "jobs/apis", "jobs/apis/file", "jobs/loose"],
        ...["jobs/other", "jobs/other/Makefile", "loose"],
      ].sort(),
    );
    expect(await worker.read(`${ROOT}/jobs/other/Makefile`)).toBe("x");
    expect(await worker.read(`${ROOT}/foreign/file`)).toBe("x");
  });

  test("replaces a directory with a file, and a file with a directory", async () => {
    await stage({ sources: [tree({ "jobs/api/a/b": "x", "jobs/api/c": "x" })] });
    await stage({ sources: [tree({ "jobs/api/a": "x", "jobs/api/c/d": "x" })] });
    expect(await worker.list(`${ROOT}/jobs/api`, { recursive: true })).toEqual(["a", "c", "c/d"]);
  });

  test("writes only metadata if it contains no jobs", async () => {
    await worker.write(`${ROOT}/jobs/api/Makefile`, "x");
    await worker.write(`${ROOT}/jobs.json`, "old");
    await stage({ sources: [tree({ "worker.json": "{}", "bin/runner.py": "r" })], jobs: [] });
    expect(await worker.list(ROOT)).toEqual(["bin", "jobs", "jobs.json", "worker.json"]);
    expect(await worker.read(`${ROOT}/jobs/api/Makefile`)).toBe("x");
  });

  test("merges sources, prefers the first source, and deletes only files that no source contains", async () => {
    await worker.write(`${ROOT}/jobs/api/stray`, "x");
    const overlay = tree({ "jobs/api/app.conf": ["rendered", 0o600], "jobs/api/certs/tls.key": ["key", 0o600] });
    const still = tree({ "jobs/api/app.conf": "static", "jobs/api/Makefile": "m", "jobs/api/certs/readme": "r" });
    const last = tree({ "jobs/api/Makefile": "last", "worker.json": "{}" });
    for (const _ of ["first", "again"]) {
      await stage({ sources: [overlay, still, last] });
      expect(await worker.list(`${ROOT}/jobs/api`, { recursive: true })).toEqual([
        "Makefile",
        "app.conf",
        "certs",
        "certs/readme",
        "certs/tls.key",
      ]);
      expect(await worker.read(`${ROOT}/jobs/api/app.conf`)).toBe("rendered");
      expect(await worker.read(`${ROOT}/jobs/api/Makefile`)).toBe("m");
    }
  });

  test("copies modes, even if only the mode changed", async () => {
    await stage({ sources: [tree({ "jobs/api/run": ["x", 0o755], "jobs/api/key": ["k", 0o600] })] });
    expect(await worker.mode(`${ROOT}/jobs/api/run`)).toBe(0o755);
    expect(await worker.mode(`${ROOT}/jobs/api/key`)).toBe(0o600);
    expect(await worker.mode(`${ROOT}/jobs/api`)).toBe(0o755);
    await stage({ sources: [tree({ "jobs/api/run": ["x", 0o644], "jobs/api/key": ["k", 0o640] })] });
    expect(await worker.mode(`${ROOT}/jobs/api/run`)).toBe(0o644);
    expect(await worker.mode(`${ROOT}/jobs/api/key`)).toBe(0o640);
  });

  test("accepts any file name, and any path of the local bucket", async () => {
    const names = ["a b", "'", '"', "new\nline", "ü→😀", "-rf", "$(id)", "*", "[x]", "#x", ";", "\\", "~", "..x"];
    const files = Object.fromEntries(names.map((name) => [`jobs/api/d/${name}`, name]));
    const blank = join(fleet.directory, "a 'b\" $c:d");
    mkdirSync(blank, { recursive: true });
    await stage({ sources: [tree(files, blank)] });
    expect(await worker.list(`${ROOT}/jobs/api/d`)).toEqual([...names].sort());
    await stage({ sources: [tree({ "jobs/api/d/*": "*" }, blank)] });
    expect(await worker.list(`${ROOT}/jobs/api/d`)).toEqual(["*"]);
  });

  test("copies ten megabytes completely with compression", async () => {
    const big = "0123456789".repeat(1024 * 1024);
    const source = tree({ "jobs/api/big": big });
    for (const compress of [true, false]) {
      await worker.run(["rm", "-rf", ROOT]);
      await stage({ sources: [source], options: { compress } });
      expect((await worker.read(`${ROOT}/jobs/api/big`)) === big).toBe(true);
    }
  });

  test("works as root without sudo", async () => {
    await withFleet({ count: 1, sudo: false }, async (rooted) => {
      const at = remotesFor(rooted);
      const to = await at.connect(rooted.workers[0] as FleetWorker);
      await stage({ sources: [tree({ "jobs/api/Makefile": "m" })], remote: to });
      expect(await rooted.workers[0]?.read(`${ROOT}/jobs/api/Makefile`)).toBe("m");
      await at.close();
    });
  });
});

describe("a sync", () => {
  test("reports a full disk, keeps the old files, and the next sync works", async () => {
    await withFleet({ count: 1, diskKb: 1024 }, async (small) => {
      const [one] = small.workers as [FleetWorker];
      const at = remotesFor(small);
      const to = await at.connect(one);
      await stage({ sources: [tree({ "jobs/api/app.conf": "old", "jobs/api/gone": "old" })], remote: to });
      await one.fillDisk(64);
      const next = tree({ "jobs/api/app.conf": "new", "jobs/api/big": "x".repeat(300_000) });
      const error = await failure(stage({ sources: [next], remote: to }));
      expect(error).toMatchObject({ code: "STAGE_FAILED", worker: one.host });
      expect(error.message).toBe(`files cannot be synced to ${one.host}: its file system /opt/worker (tmpfs) is full`);
      expect(error.output.join("\n")).toContain("No space left");
      expect(await filesOn(one)).toEqual(["jobs", "jobs/api", "jobs/api/app.conf", "jobs/api/gone"]);
      expect(await one.read(`${ROOT}/jobs/api/app.conf`)).toBe("old");
      await one.freeDisk();
      await stage({ sources: [next], remote: to });
      expect(await one.read(`${ROOT}/jobs/api/app.conf`)).toBe("new");
      expect(await one.list(`${ROOT}/jobs/api`)).toEqual(["app.conf", "big"]);
      await at.close();
    });
  });

  test("reports a read-only disk", async () => {
    await withFleet({ count: 1, diskKb: 1024 }, async (small) => {
      const [one] = small.workers as [FleetWorker];
      const at = remotesFor(small);
      const to = await at.connect(one);
      await stage({ sources: [tree({ "jobs/api/app.conf": "old" })], remote: to });
      await one.run(["mount", "-o", "remount,ro", "/opt/worker"]);
      const error = await failure(stage({ sources: [tree({ "jobs/api/app.conf": "new" })], remote: to }));
      expect(error).toMatchObject({ code: "STAGE_FAILED" });
      expect(error.message).toBe(
        `files cannot be synced to ${one.host}: its file system /opt/worker (tmpfs) is mounted read-only`,
      );
      await at.close();
    });
  });

  test("reports denied permission with a hint if the user has no sudo", async () => {
    const to = await remotes.connect(worker, { settings: { plugins: { use_sudo: false } } });
    await worker.write(`${ROOT}/jobs/api/Makefile`, "root's");
    const error = await failure(stage({ sources: [tree({ "jobs/api/Makefile": "mine" })], remote: to }));
    expect(error).toMatchObject({ code: "STAGE_FAILED" });
    expect(error.hint).toContain("use_sudo");
  });

  test("ends in bounded time if a worker stops responding, and leaves no process on this machine", async () => {
    const source = tree({ "jobs/api/big": "x".repeat(30_000_000) });
    const began = performance.now();
    const sync = failure(stage({ sources: [source], timeoutMs: 1_500 }));
    await until("the worker's rsync", () => worker.processesWith("rsync --server").length > 0);
    worker.freeze();
    try {
      const error = await sync;
      expect(error).toMatchObject({ code: "TIMED_OUT", worker: worker.host });
      expect(error.message).toContain("1.5 s");
      expect(performance.now() - began).toBeLessThan(20_000);
      await until("every process of the sync to end here", () => syncProcesses().length === 0);
    } finally {
      worker.thaw();
    }
    await until("the worker's rsync to end", () => worker.processesWith("rsync --server").length === 0);
    await stage({ sources: [source] });
  });

  test("fails with DISCONNECTED if its connection closes, and the next sync uses a new connection", async () => {
    const source = tree({ "jobs/api/big": "x".repeat(30_000_000) });
    const sync = failure(stage({ sources: [source] }));
    await until("the worker's rsync", () => worker.processesWith("rsync --server").length > 0);
    await worker.dropConnections();
    expect(await sync).toMatchObject({ code: "DISCONNECTED", worker: worker.host });
    await until("every process of the sync to end here", () => syncProcesses().length === 0);
    await stage({ sources: [source] });
    expect(await worker.list(`${ROOT}/jobs/api`)).toEqual(["big"]);
  });

  test.each([
    ["disconnected", (one: FleetWorker) => one.dropConnections()],
    ["switched off", (one: FleetWorker) => one.stop().then(() => one.start())],
    ["left without its rsync process", (one: FleetWorker) => killRsync(one)],
  ])(
    "leaves no incomplete files on a worker that is %s during the sync, and the next sync completes them",
    async (_, hurt) => {
      const big = (word: string) =>
        tree(Object.fromEntries(BIG.map((name) => [`jobs/api/${name}`, `${word} ${name}\n`.repeat(400_000)])));
      const [old, fresh] = [big("old"), big("new")];
      await stage({ sources: [old] });
      const before = await sums(worker);
      const synced = stage({ sources: [fresh] }).catch(() => "failed");
      await until("some files to have arrived", () => worker.exists(`${ROOT}/jobs/api/.~tmp~/${BIG[1]}`));
      await hurt(worker);
      expect(await synced).toBe("failed");
      await until("the worker's rsync to end", () => worker.processesWith("rsync --server").length === 0);
      const between = await sums(worker);
      await stage({ sources: [fresh] });
      const after = await sums(worker);
      expect(await filesOn(worker)).toEqual(["jobs", "jobs/api", ...BIG.map((name) => `jobs/api/${name}`)]);
      for (const name of BIG) {
        expect([before.get(name), after.get(name)]).toContain(between.get(name));
        expect(after.get(name)).not.toBe(before.get(name));
      }
    },
  );

  test("fails with UNREACHABLE if the worker is unreachable", async () => {
    const at = remotesFor(fleet);
    const to = await at.connect(worker);
    await worker.cutOff();
    try {
      const error = await failure(stage({ sources: [tree({ "jobs/api/a": "x" })], remote: to }));
      expect(error).toMatchObject({ code: "UNREACHABLE", worker: worker.host });
      await until("every process of the sync to end here", () => syncProcesses().length === 0);
    } finally {
      await worker.start();
      await at.close();
    }
  });

  test("ends the rsync on both sides when it is interrupted", async () => {
    const interrupt = new AbortController();
    const source = tree({ "jobs/api/big": "x".repeat(30_000_000) });
    const sync = failure(stage({ sources: [source], signal: interrupt.signal }));
    await until("the worker's rsync", () => worker.processesWith("rsync --server").length > 0);
    interrupt.abort();
    expect(await sync).toMatchObject({ code: "INTERRUPTED" });
    await until("every process of the sync to end here", () => syncProcesses().length === 0);
    await until("the worker's rsync to end", () => worker.processesWith("rsync --server").length === 0);
    expect(await failure(stage({ sources: [source], signal: interrupt.signal }))).toMatchObject({
      code: "INTERRUPTED",
    });
  });

  test("names the side on which rsync is missing, in one line", async () => {
    const source = tree({ "jobs/api/a": "x" });
    const here = await failure(stage({ sources: [source], options: { program: "/nowhere/rsync" } }));
    expect(here).toMatchObject({ code: "WORKER_LACKS", message: "rsync is not installed on this machine" });
    expect(here.hint).toContain("apt-get install rsync");
    await withFleet({ count: 1, sudo: false, sshdConfig: ["SetEnv PATH=/opt/worker/bin"] }, async (bare) => {
      const [one] = bare.workers as [FleetWorker];
      await one.run(["mkdir", "/opt/worker/bin"]);
      await one.run(["ln", "-s", "/bin/sh", "/bin/mkdir", "/bin/timeout", "/opt/worker/bin/"]);
      const at = remotesFor(bare);
      const there = await failure(stage({ sources: [source], remote: await at.connect(one) }));
      expect(there).toMatchObject({ code: "WORKER_LACKS", worker: one.host });
      expect(there.message).toContain(`not installed on ${one.host}`);
      await at.close();
    });
  });

  test("fails if the staged files are missing, instead of deleting files on the worker", async () => {
    await worker.write(`${ROOT}/jobs/api/Makefile`, "x");
    const error = await failure(stage({ sources: [join(fleet.directory, "no-such-tree")] }));
    expect(error).toMatchObject({ code: "STAGE_FAILED" });
    expect(await worker.read(`${ROOT}/jobs/api/Makefile`)).toBe("x");
  });
});

describe("removing a job", () => {
  function remove(directory: string, kind: "remove" | "stop" = "remove") {
    const job = { name: "api" } as ActionContext["job"];
    const context = { ...runContext({}), job, directory, action: { kind }, env: {} };
    return hooksWith().reconcile.promise(context as ActionContext);
  }

  test("deletes everything except data and logs", async () => {
    for (const file of ["Makefile", ".hidden", "conf/a b", "data/db", "logs/l", "bin/x"]) {
      await worker.write(`${ROOT}/jobs/api/${file}`, "x");
    }
    await worker.write(`${ROOT}/jobs/web/Makefile`, "x");
    expect(await remove(`${ROOT}/jobs/api`)).toBe("done");
    expect(await worker.list(`${ROOT}/jobs`, { recursive: true })).toEqual(
      ["api", "api/data", "api/data/db", "api/logs", "api/logs/l", "web", "web/Makefile"].sort(),
    );
  });

  test("deletes an empty directory, and accepts a missing one", async () => {
    await worker.write(`${ROOT}/jobs/api/Makefile`, "x");
    expect(await remove(`${ROOT}/jobs/api`)).toBe("done");
    expect(worker.exists(`${ROOT}/jobs/api`)).toBe(false);
    expect(await remove(`${ROOT}/jobs/api`)).toBe("done");
  });

  test("refuses a directory that is not the directory of a job, and does not handle the action stop", async () => {
    for (const directory of ["/", ROOT, `${ROOT}/jobs`, `${ROOT}/jobs/`, `${ROOT}/jobs/..`, `${ROOT}/jobs/a/b`]) {
      expect(await failure(remove(directory))).toMatchObject({ code: "STAGE_FAILED" });
    }
    expect(await remove(`${ROOT}/jobs/api`, "stop")).toBeUndefined();
  });
});
