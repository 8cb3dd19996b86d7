import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Store } from "../store.ts";
import { type Lock, lockHolder, takeLock } from "./bucket-lock.ts";
import type { Holder } from "./holder.ts";

let directory: string;
let file: string;
let store: Store;
const open: Lock[] = [];

/** take-lock.test.support.ts as one file, because compiling its modules in each process would slow down these tests. */
let program: string;

beforeAll(async () => {
  program = join(mkdtempSync(join(tmpdir(), "maand-take-lock-")), "take-lock.mjs");
  await build({
    input: fileURLToPath(new URL("take-lock.test.support.ts", import.meta.url)),
    platform: "node",
    external: ["better-sqlite3"],
    output: { file: program, paths: { "better-sqlite3": createRequire(import.meta.url).resolve("better-sqlite3") } },
  });
});

afterAll(() => rmSync(dirname(program), { recursive: true }));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-lock-"));
  file = join(directory, "maand.lock");
  store = Store.open(join(directory, "maand.db"), { create: true });
  store.bucket.create("b");
});

afterEach(() => {
  for (const lock of open.splice(0)) lock.release();
  store.close();
  rmSync(directory, { recursive: true });
});

const HOLDER: Omit<Holder, "process"> = { pid: process.pid, command: "deploy", since: "2030-01-01T00:00:00.000Z" };

function take(): Lock {
  const lock = takeLock(file, HOLDER, store.holder);
  open.push(lock);
  return lock;
}

/** Starts another process that runs take-lock.test.support.ts. */
function another(mode: "try" | "keep", target = directory): Another {
  const args = ["--expose-gc", program, target, mode];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  return {
    pid: child.pid ?? 0,
    printed: once(child.stdout, "data").then(([chunk]) => String(chunk).trim()),
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}

interface Another {
  readonly pid: number;
  /** `taken`, or the code and message of the error. */
  readonly printed: Promise<string>;
  /** Lets the process end, and waits for its end. */
  end(): Promise<void>;
}

/** The result of another process that tries to take the lock now. */
async function tried(): Promise<string> {
  const other = another("try");
  const printed = await other.printed;
  await other.end();
  return printed;
}

/** Runs `work` while another process holds the lock. In that process, only lock.ts has a reference to the lock. */
async function whileHeld(work: (holder: Another) => Promise<void>): Promise<void> {
  const holder = another("keep");
  try {
    expect(await holder.printed).toBe("taken");
    await work(holder);
  } finally {
    await holder.end();
  }
}

const busy = (pid: number, command = "build") =>
  expect.objectContaining({
    code: "BUSY",
    message: expect.stringContaining(`by maand ${command} (pid ${pid}, since `),
  });

describe("the lock of a bucket", () => {
  it("has one holder, which other processes see, and is free after its release", async () => {
    const lock = take();
    expect(await tried()).toBe(`BUSY the bucket is in use by maand deploy (pid ${process.pid}, since ${HOLDER.since})`);
    expect(lockHolder(store.holder)).toMatchObject({ command: "deploy" });
    lock.release();
    expect(lockHolder(store.holder)).toBeUndefined();
    expect(await tried()).toBe("taken");
  });

  it("is a file that only its owner can read", () => {
    take();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("is released when its process is killed", async () => {
    await whileHeld(async ({ pid }) => {
      expect(take).toThrow(busy(pid));
      process.kill(pid, "SIGKILL");
    });
    take();
  });

  it("is still held after garbage collection, even if no other object refers to it", () =>
    whileHeld(async () => {
      store.holder.clear(); // without the record, only the lock keeps other processes out
      expect(take).toThrow(expect.objectContaining({ code: "BUSY" }));
    }));

  it("is not granted to a second request of the same process", async () => {
    take();
    expect(take).toThrow(busy(process.pid, "deploy"));
    store.holder.clear();
    expect(take).toThrow(expect.objectContaining({ code: "BUSY" }));
    expect(await tried()).toMatch(/^BUSY /);
  });
});

describe("a lock file", () => {
  it.each([
    ["deleted", () => rmSync(file)],
    ["moved away", () => renameSync(file, `${file}.old`)],
    [
      "replaced",
      () => {
        rmSync(file);
        writeFileSync(file, "");
      },
    ],
    ["overwritten", () => writeFileSync(file, "rubbish ".repeat(1_000))],
  ])("that is %s while the lock is held does not get a second holder", (_, harm) =>
    whileHeld(async ({ pid }) => {
      harm();
      expect(take).toThrow(busy(pid));
    }),
  );

  it("that is deleted together with the files next to it does not get a second holder", () =>
    whileHeld(async ({ pid }) => {
      for (const name of readdirSync(directory)) if (name.startsWith("maand.lock")) rmSync(join(directory, name));
      expect(take).toThrow(busy(pid));
    }));

  it.each([
    [
      "a file of another program",
      () => writeFileSync(file, "rubbish ".repeat(1_000)),
      "it is not a lock file of maand",
    ],
    ["a directory", () => mkdirSync(file), "it is a directory"],
    [
      "a link to a missing file",
      () => symlinkSync(join(directory, "gone"), file),
      "it is a link to a file that does not exist",
    ],
  ])("is refused with its path and a hint if it is %s", (_, make, message) => {
    make();
    expect(take).toThrow(
      expect.objectContaining({
        code: "LOCK_BROKEN",
        message: expect.stringContaining(`${file} cannot be used: ${message}`),
        hint: expect.stringContaining("delete it"),
      }),
    );
    expect(existsSync(join(directory, "gone"))).toBe(false);
  });
});

describe("the lock record of a dead process in the store", () => {
  it("does not block other commands, even if another process now has the same process id", () => {
    store.holder.write({ ...HOLDER, process: "the process that had this number before" });
    expect(lockHolder(store.holder)).toBeUndefined();
    take();
  });
});
