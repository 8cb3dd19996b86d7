import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { linesOf, localJob, type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { until } from "../../support/fleet/until.ts";

const Database = createRequire(new URL("../../../packages/core/package.json", import.meta.url))("better-sqlite3");
const CLOCK = fileURLToPath(new URL("../../support/bucket/shifted-clock.mjs", import.meta.url));
const HOST = "127.0.0.11";
const V1 = { version: "1.0.0", selectors: ["worker"] };

/** Calls `use` with a built bucket that has one job on one local worker. */
async function withBucket(use: (fixture: Fixture) => Promise<void>): Promise<void> {
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers({ host: HOST });
    bucket.job("api", V1, { Makefile: CAREFUL_MAKEFILE });
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
    const data = join("data/local", HOST, id, "jobs/api/data");
    await use({
      bucket,
      store: join(bucket.root, "data/maand.db"),
      printed: () => linesOf(join(localJob(bucket, HOST, "api") ?? "", "data/lifecycle")),
      hold: () => bucket.write(join(data, "hold"), ""),
      release: () => rmSync(join(bucket.root, data, "hold")),
    });
  } finally {
    bucket.dispose();
  }
}

interface Fixture {
  readonly bucket: Scratch;
  /** The path of the store. */
  readonly store: string;
  /** The commands that have run. */
  printed(): string[];
  /** Makes commands wait. */
  hold(): void;
  release(): void;
}

describe.concurrent("a lock on the store that another program holds", () => {
  it("fails a deploy in bounded time before anything runs, and the next command works", () =>
    withBucket(async ({ bucket, store, printed }) => {
      const other = new Database(store);
      other.exec("BEGIN EXCLUSIVE");
      const began = performance.now();
      const { code, stderr } = await bucket.maand("deploy");
      expect(performance.now() - began).toBeLessThan(15_000);
      expect(code).toBe(1);
      expect(stderr).toContain("another program is writing to it");
      expect(printed()).toEqual([]);
      other.exec("ROLLBACK");
      other.close();
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(printed()).toEqual(["start 0.0.0 1.0.0", "end start"]);
    }));

  it("leaves the commands of a running deploy in doubt, and the next deploy reads their results from the worker", () =>
    withBucket(async ({ bucket, store, printed, hold, release }) => {
      hold();
      const run = bucket.start(["deploy"]);
      await run.prints("api is at start");
      const other = new Database(store);
      other.exec("BEGIN IMMEDIATE");
      release();
      const { code, stderr } = await run.ended;
      expect(code).toBe(1);
      expect(stderr).toContain("another program is writing to it");
      expect(stderr).not.toMatch(/\n\s+at .*\.js:\d+/);
      other.exec("ROLLBACK");
      other.close();
      expect((await bucket.json<{ rollout: string }[]>("cat", "deployments"))[0]?.rollout).toBe("in_doubt");
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(printed()).toEqual(["start 0.0.0 1.0.0", "end start"]);
      expect(readdirSync(join(bucket.root, "tmp"))).toEqual([]);
    }));
});

describe.concurrent("a full disk", () => {
  it("is reported before maand runs a command that it could not record, and the next deploy resumes", () =>
    withBucket(async ({ bucket, printed }) => {
      const data = join(bucket.root, "data");
      execFileSync("cp", ["-a", data, `${data}.kept`]);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", data]);
      try {
        execFileSync("cp", ["-a", `${data}.kept/.`, data]);
        execFileSync("sh", ["-c", 'cat /dev/zero > "$1" 2>/dev/null || true', "sh", join(data, "filler")]);
        const { code, stderr } = await bucket.maand("deploy");
        expect(code).toBe(1);
        expect(stderr).toContain("its disk is full");
        expect(printed()).toEqual([]);
        execFileSync("rm", [join(data, "filler")]);
        expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
        expect(printed()).toEqual(["start 0.0.0 1.0.0", "end start"]);
      } finally {
        execFileSync("umount", [data]);
      }
    }));
});

describe.concurrent("every command reports a damaged store with a hint, and runs nothing:", () => {
  it.each([
    ["a file that is not a database", (store: string) => writeFileSync(store, "this is no database\n".repeat(1_000))],
    ["an empty file", (store: string) => emptied(store)],
    ["a truncated file", (store: string) => writeFileSync(store, readFileSync(store).subarray(0, 6_000))],
    ["a file with an overwritten part", (store: string) => writeFileSync(store, overwritten(readFileSync(store)))],
  ])("%s", (_, damage) =>
    withBucket(async ({ bucket, store, printed }) => {
      expect(await bucket.maand("info")).toMatchObject({ code: 0 });
      damage(store);
      for (const line of ["deploy", "deploy --dry-run", "build", "cat deployments"]) {
        const { code, stderr } = await bucket.maand(...line.split(" "));
        expect({ line, code, stderr }).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/it is (damaged|empty)/),
        });
        expect(stderr).toContain("backup");
        expect(stderr).not.toMatch(/\n\s+at .*\.js:\d+/);
      }
      expect(printed()).toEqual([]);
    }),
  );
});

/** Empties the store, as after a copy to a full disk. */
function emptied(store: string): void {
  for (const suffix of ["-wal", "-shm"]) rmSync(`${store}${suffix}`, { force: true });
  writeFileSync(store, "");
}

describe.concurrent("every command reports a file of another program in place of the store, and changes nothing:", () => {
  it.each([
    ["the store of the earlier maand", GO_TABLES, "it belongs to the earlier maand, which was written in Go"],
    ["a database of another program", ["CREATE TABLE urls (url TEXT)"], "of another program (tables: urls)"],
  ])("%s", (_, tables, message) =>
    withBucket(async ({ bucket, store, printed }) => {
      emptied(store);
      const other = new Database(store);
      for (const table of tables) other.exec(table);
      other.close();
      const before = readFileSync(store);
      for (const line of ["init", "deploy", "build", "cat deployments", "info", "why api"]) {
        const { code, stderr } = await bucket.maand(...line.split(" "));
        expect({ line, code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
      }
      expect((await bucket.maand("doctor")).stdout).toContain(message);
      expect(readFileSync(store)).toEqual(before);
      expect(printed()).toEqual([]);
    }),
  );
});

const GO_TABLES = [
  "CREATE TABLE bucket (bucket_id TEXT, update_seq INT)",
  "CREATE TABLE key_value (key TEXT, value TEXT, namespace TEXT, version INT)",
  "CREATE TABLE hash (namespace TEXT, key TEXT, current_hash TEXT, PRIMARY KEY(namespace, key))",
  "CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)",
];

function overwritten(bytes: Buffer): Buffer {
  for (let page = 4096; page < bytes.length; page += 4096) bytes.fill(0xa5, page, page + 512);
  return bytes;
}

describe.concurrent("the bucket's lock", () => {
  it("is held by a stopped process, which other commands name, and is free after the process has ended", () =>
    withBucket(async ({ bucket, printed, hold, release }) => {
      hold();
      const first = bucket.start(["deploy"]);
      await first.prints("api is at start");
      first.kill("SIGSTOP");
      const began = performance.now();
      for (const command of ["deploy", "gc", "build"]) {
        const { code, stderr } = await bucket.maand(command);
        expect({ command, code, stderr }).toMatchObject({
          code: 3,
          stderr: expect.stringContaining(`maand deploy (pid ${first.pid},`),
        });
      }
      expect(performance.now() - began).toBeLessThan(15_000);
      first.kill("SIGKILL");
      await first.ended;
      release();
      await until("the first start to end", () => printed().includes("end start"));
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(printed().filter((line) => line.startsWith("overlap"))).toEqual([]);
    }));
});

describe.concurrent("a deploy", () => {
  it("applies exactly the pending changes, even if the local clock jumps years ahead and back", () =>
    withBucket(async ({ bucket, printed }) => {
      const expected: string[] = [];
      for (const [version, days] of [
        ["1.0.0", 3_000],
        ["2.0.0", -3_000],
        ["3.0.0", 0],
      ] as const) {
        const before = expected.length === 0 ? "start 0.0.0" : `restart ${Number(version[0]) - 1}.0.0`;
        bucket.job("api", { ...V1, version }, { Makefile: CAREFUL_MAKEFILE });
        for (const args of [["deploy", "--build"], ["deploy"]]) {
          const run = bucket.start(args, { preload: [CLOCK], env: { MAAND_TEST_CLOCK_DAYS: String(days) } });
          expect({ args, days, ...(await run.ended) }).toMatchObject({ code: 0 });
        }
        expected.push(`${before} ${version}`, `end ${before.split(" ")[0]}`);
        expect(printed()).toEqual(expected);
      }
    }));
});
