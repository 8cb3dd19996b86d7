import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../../packages/core/src/errors.ts";
import { forgetCopy } from "../../support/bucket/forget-copy.ts";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { type Ended, MAAND, maand } from "../../support/bucket/maand.ts";
import { type } from "../../support/bucket/shell.ts";

const V1 = { version: "1.0.0", selectors: ["worker"], max_concurrent_starts: 1 };

/** Calls `use` with a built bucket that has three local workers and one job. */
async function withBucket(use: (bucket: LocalBucket) => Promise<void>): Promise<void> {
  const bucket = await localBucket(3);
  try {
    bucket.job("api", V1);
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    await use(bucket);
  } finally {
    bucket.dispose();
  }
}

/** Matches lines of a stack trace of Node or clipanion. */
const STACK = /^\s+at .*[:(]|Internal Error/m;

function expectNoStack({ stdout, stderr }: Pick<Ended, "stdout" | "stderr">): void {
  expect(stdout).not.toMatch(STACK);
  expect(stderr).not.toMatch(STACK);
}

describe.concurrent("a disk that becomes full", () => {
  it("is reported at any step, and nothing is lost", () =>
    withBucket(async (bucket) => {
      const disk = `${bucket.root}-disk`;
      cpSync(bucket.root, disk, { recursive: true });
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", disk]);
      try {
        cpSync(bucket.root, disk, { recursive: true });
        forgetCopy(disk);
        const filler = join(disk, "filler");
        let failures = 0;
        for (const free of [0, 4, 8, 16, 24, 32, 36, 40, 44, 48, 52, 56, 60, 64, 72, 80, 96]) {
          await type(`dd if=/dev/zero of=filler bs=1k 2>/dev/null || truncate -s -${free}K filler`, disk);
          const ended = await type("maand deploy --json", disk);
          expectNoStack(ended);
          if (ended.code !== 0) {
            failures += 1;
            expect({ free, code: codeOf(ended.stdout) }).toEqual({ free, code: knownCode() });
          }
          rmSync(filler);
        }
        expect(failures).toBeGreaterThan(0);
        expect(await type("maand deploy", disk)).toMatchObject({ code: 0 });
        expect(await type("maand deploy --dry-run --exit-code", disk)).toMatchObject({ code: 0 });
      } finally {
        execFileSync("umount", [disk]);
        rmSync(disk, { recursive: true, force: true });
      }
    }));

  /** The code of the error that ended a command with `--json`; `summary` if the run reported its end itself. */
  function codeOf(stdout: string): string {
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return last.type === "run.finished" ? "summary" : last.error.code;
  }

  const knownCode = () =>
    expect.toSatisfy((code: string) => code === "summary" || (code in ERROR_CODES && code !== "UNEXPECTED"));
});

describe.concurrent("a command whose output cannot be written", () => {
  it.each([
    ["stdout", "maand deploy >/dev/full", 0],
    ["stdout, as events", "maand deploy --json >/dev/full", 1],
    ["stderr", "maand deploy 2>/dev/full", 0],
    ["both", "maand deploy >/dev/full 2>&1", 0],
    ["stdout without a reader", "maand deploy --json | true; exit $PIPESTATUS", 0],
    ["both without a reader", "maand deploy --json 2>&1 | true; exit $PIPESTATUS", 0],
  ])("completes its rollout: %s", (_, line, code) =>
    withBucket(async (bucket) => {
      const ended = await type(`set +e; ${line}`, bucket.root);
      expect(ended).toMatchObject({ code });
      expectNoStack(ended);
      for (const host of bucket.hosts) expect(bucket.lifecycle("api", host)).toEqual(["start 0.0.0 1.0.0"]);
      expect(await bucket.rollouts()).toEqual(
        Object.fromEntries(bucket.hosts.map((host) => [`api@${host}`, "promoted"])),
      );
    }),
  );

  it.each(["cat deployments", "cat deployments --json", "info", "why api", "doctor", "--help", "--version"])(
    "fails with one line on stderr: maand %s",
    (line) =>
      withBucket(async (bucket) => {
        expect(await type(`maand ${line} >/dev/full`, bucket.root)).toEqual({
          code: 1,
          signal: null,
          stdout: "",
          stderr: "maand: the output could not be written: no space left on device (ENOSPC)\n",
        });
      }),
  );
});

describe.concurrent("an unexpected error", () => {
  const plugin = (body: string) => `
    export default { plugins: ["defaults", { name: "odd", apply(hooks) { ${body} } }] };
  `;
  const ODD = "const nothing = undefined; nothing.further";

  it.each([
    [
      "in a timer of a plugin",
      `hooks.begin.tapPromise("odd", async () => { setTimeout(() => { ${ODD}; }); await new Promise((r) => setTimeout(r, 50)); })`,
    ],
    [
      "in a promise that is not awaited",
      `hooks.begin.tapPromise("odd", async () => { (async () => { ${ODD}; })(); await new Promise((r) => setTimeout(r, 50)); })`,
    ],
  ])("%s prints one line with its code, and writes its stack to a private file", (_, body) =>
    withBucket(async (bucket) => {
      bucket.write("maand.config.mjs", plugin(body));
      const ended = await bucket.maand("deploy");
      expect(ended.code).toBe(1);
      expectNoStack(ended);
      expectDetails(bucket, ended.stderr);
    }),
  );

  it("in a command of a plugin prints one line with its code, even if the command is not a MaandCommand", () =>
    withBucket(async (bucket) => {
      bucket.write(
        "maand.config.mjs",
        `import { Command } from "clipanion";
         class Odd extends Command { static paths = [["odd"]]; async execute() { ${ODD}; } }
         export default { plugins: ["defaults", { name: "odd", apply() {}, commands: [Odd] }] };`,
      );
      const ended = await bucket.maand("odd");
      expect(ended.code).toBe(1);
      expectNoStack(ended);
      expectDetails(bucket, ended.stderr);
    }));

  it("reveals no secret in the line or in the file", () =>
    withBucket(async (bucket) => {
      const body = `hooks.beforeJob.tapPromise("odd", async ({ job, allocations, scope }) => {
        scope(allocations[0]).openKv().put("secrets/job/" + job.name, "token", "s3cret-t0ken");
        setTimeout(() => { throw new Error("cannot reach https://s3cret-t0ken@host"); });
        await new Promise((resolve) => setTimeout(resolve, 50));
      });`;
      bucket.write("maand.config.mjs", plugin(body));
      const ended = await bucket.maand("deploy");
      expect(ended.stderr).not.toContain("s3cret-t0ken");
      const details = expectDetails(bucket, ended.stderr);
      expect(details).toContain("cannot reach https://");
      expect(details).not.toContain("s3cret-t0ken");
    }));

  /** Checks that the line names a private file in the bucket's logs with the stack. Returns the content of the file. */
  function expectDetails(bucket: LocalBucket, stderr: string): string {
    const [, file = ""] =
      /^maand: unexpected error \(UNEXPECTED\): .+; details in (logs\/errors\/\S+\.txt)$/m.exec(stderr) ?? [];
    expect(file, stderr).not.toBe("");
    const text = bucket.read(file);
    expect(text).toMatch(/^\s+at /m);
    expect(statSync(join(bucket.root, file)).mode & 0o777).toBe(0o600);
    expect(statSync(join(bucket.root, "logs/errors")).mode & 0o777).toBe(0o700);
    return text;
  }
});

describe.concurrent("a native module built for another Node version", () => {
  const preload = [new URL("../../support/bucket/addon-of-another-node.mjs", import.meta.url).pathname];

  it.each(["info", "build", "deploy --json", "upgrade-check", "init", "completion jobs"])(
    "makes maand %s fail with one line and a hint",
    (line) =>
      withBucket(async (bucket) => {
        const ended = await bucket.start(line.split(" "), { preload }).ended;
        expect(ended.code).toBe(1);
        expectNoStack(ended);
        expect(ended.stderr).toMatch(
          new RegExp(
            `^maand: better-sqlite3 cannot be loaded: it was built for another version of Node than ${process.version}\\n` +
              "  hint: cd .+ && npm rebuild better-sqlite3\\n$",
          ),
        );
      }),
  );

  it("is reported by maand doctor", () =>
    withBucket(async (bucket) => {
      const { code, stdout, stderr } = await bucket.start(["doctor"], { preload }).ended;
      expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
      expect(stdout).toMatch(
        /^wrong {2}installation {2}this machine: better-sqlite3 cannot be loaded: .+\n +cd .+ && npm rebuild better-sqlite3\n1 problem found\n$/m,
      );
    }));

  it("is reported by maand --version --json, which still prints the other versions", () =>
    withBucket(async (bucket) => {
      const { code, stdout } = await bucket.start(["--version", "--json"], { preload }).ended;
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        node: process.versions.node,
        sqlite: null,
        problem: { code: "INSTALLATION_BROKEN", hint: expect.stringContaining("npm rebuild") },
      });
    }));
});

it("maand reports an incomplete installation with one line and a hint", async () => {
  const directory = mkdtempSync(join(tmpdir(), "maand-incomplete-"));
  cpSync(dirname(MAAND), join(directory, "bin"), { recursive: true });
  const ended = await maand(["info"], { cwd: directory, program: join(directory, "bin/maand.js") });
  rmSync(directory, { recursive: true });
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(
    /^maand: the installation is incomplete: Cannot find module '\S+\/dist\/main\.cjs'\n {2}hint: install maand again\n$/,
  );
});

it("maand reports a deleted current directory with one line and a hint", () =>
  withBucket(async (bucket) => {
    const ended = await type("mkdir gone; cd gone; rmdir ../gone; maand cat jobs", bucket.root);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expectNoStack(ended);
    // the shell that starts maand may print an error first
    expect(ended.stderr).toMatch(
      /^(sh: .*\n)?maand: the current directory no longer exists\n {2}hint: change to another directory, for example with cd ~\n$/,
    );
  }));
