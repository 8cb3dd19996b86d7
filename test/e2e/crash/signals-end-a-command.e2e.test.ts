import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { MAAND } from "../../support/bucket/maand.ts";
import { linesOf } from "../../support/bucket/scratch.ts";
import { until } from "../../support/fleet/until.ts";
import { storeEnvironment } from "../../support/postgres/test-store.ts";

const HOST = "127.0.0.11";
const V1 = { version: "1.0.0", selectors: ["worker"] };

/** Calls `use` with a built bucket that has one local worker, and a job whose commands wait while `hold` exists. */
async function withBucket(use: (bucket: LocalBucket, place: { hold: string }) => Promise<void>): Promise<void> {
  const bucket = await localBucket(1);
  try {
    bucket.job("api", V1, { Makefile: CAREFUL_MAKEFILE });
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
    const hold = join("data/local", HOST, id, "jobs/api/data/hold");
    bucket.write(hold, "");
    await use(bucket, { hold: join(bucket.root, hold) });
  } finally {
    bucket.dispose();
  }
}

interface Started {
  readonly pid: number;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  printed(): string;
}

/** Starts the command from a shell, so that it inherits the signals that the shell ignores. */
function shell(line: string, { root }: LocalBucket): Started {
  const child = spawn("sh", ["-c", line.replaceAll("maand", MAAND)], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: root, ...storeEnvironment() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on("close", (code, signal) => resolve(signal ?? code)),
  );
  return { pid: child.pid ?? 0, ended, printed: () => text };
}

const prints = (run: Started, text: string) => until(text, () => run.printed().includes(text));

describe.concurrent("a signal that is ignored when maand starts", () => {
  it.each([
    ["SIGHUP, by nohup", "exec nohup maand deploy", "SIGHUP"],
    ["SIGHUP, by a shell", "trap '' HUP; exec maand deploy", "SIGHUP"],
    ["SIGINT, by a shell", "trap '' INT; exec maand deploy", "SIGINT"],
    ["SIGTERM, by a shell", "trap '' TERM; exec maand deploy", "SIGTERM"],
  ] as const)("remains ignored: %s", (_, line, signal) =>
    withBucket(async (bucket, { hold }) => {
      const run = shell(line, bucket);
      await prints(run, "api is at start");
      process.kill(run.pid, signal);
      process.kill(run.pid, signal);
      rmSync(hold);
      expect({ code: await run.ended, printed: run.printed() }).toMatchObject({ code: 0 });
      expect(run.printed()).not.toContain("stopping");
      expect(await bucket.rollouts()).toEqual({ [`api@${HOST}`]: "promoted" });
    }),
  );

  it("does not change the effect of other signals", () =>
    withBucket(async (bucket) => {
      const run = shell("exec nohup maand deploy", bucket);
      await prints(run, "api is at start");
      process.kill(run.pid, "SIGHUP");
      process.kill(run.pid, "SIGTERM");
      expect(await run.ended).toBe(130);
      expect(run.printed()).toContain("deploy interrupted");
    }));

  it("adds no environment variable to child processes", () =>
    withBucket(async (bucket) => {
      bucket.write(
        "maand.config.mjs",
        'console.error("sees " + Object.keys(process.env).filter((name) => name.includes("SIGNAL")).join() + "."); export default {};',
      );
      const run = shell("exec maand plugins", bucket);
      expect(await run.ended).toBe(0);
      expect(run.printed()).toContain("sees .");
    }));
});

describe.concurrent("a SIGHUP that is not ignored", () => {
  it("ends a deploy cleanly, even if its terminal no longer exists and nothing can be printed", () =>
    withBucket(async (bucket, { hold }) => {
      const terminal = shell("exec script -qefc maand\\ deploy /dev/null", bucket);
      await prints(terminal, "api is at start");
      process.kill(terminal.pid, "SIGKILL"); // closes its end of the terminal, so that the kernel sends SIGHUP
      await until("the end of the run", () => outcomes(bucket).length > 0);
      expect(outcomes(bucket)).toEqual(["interrupted"]);
      rmSync(hold);
      // the command records its end before it releases the lock
      expect(await bucket.maand("deploy", "--wait")).toMatchObject({ code: 0 });
    }));

  /** The outcomes of the runs that recorded their end. */
  function outcomes({ root }: LocalBucket): string[] {
    const runs = join(root, "logs/runs");
    return readdirSync(runs)
      .flatMap((run) => linesOf(join(runs, run, "events.ndjson")))
      .map((line): { type: string; outcome?: string } => JSON.parse(line))
      .flatMap(({ type, outcome }) => (type === "run.finished" && outcome !== undefined ? [outcome] : []));
  }
});

describe.concurrent("a second signal", () => {
  const HANGS = {
    "while the configuration is loaded":
      "setInterval(() => {}, 1_000); console.error('hangs'); await new Promise(() => {});",
    "while a plugin is applied":
      "export default { plugins: ['defaults', { name: 'odd', apply() { setInterval(() => {}, 1_000); console.error('hangs'); return new Promise(() => {}); } }] };",
  };
  for (const [when, config] of Object.entries(HANGS))
    it.each([
      "build",
      "deploy",
      "deploy --dry-run",
      "doctor",
      "job status api",
      "health_check",
      "run_command true",
      "gc",
      "plugins",
      "worker_facts",
      "init",
    ])(`ends maand %s immediately, ${when}`, (line) =>
      withBucket(async (bucket) => {
        bucket.write("maand.config.mjs", config);
        const run = shell(`exec maand ${line}`, bucket);
        await prints(run, "hangs");
        process.kill(run.pid, "SIGTERM");
        await prints(run, "stopping");
        process.kill(run.pid, "SIGTERM");
        expect(await run.ended).toBe(130);
      }),
    );
});

describe.concurrent("a signal during connections to workers", () => {
  it.each(["deploy", "doctor", "job status api", "health_check", "run_command true", "worker_facts"])(
    "ends maand %s with exit code 130, and reports no worker as failed",
    (line) =>
      withBucket(async (bucket, { hold }) => {
        rmSync(hold);
        expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
        bucket.job("web", V1);
        expect(await bucket.maand("build")).toMatchObject({ code: 0 });
        bucket.write(
          "maand.config.mjs",
          `export default { plugins: [{ name: "slow", apply(hooks) {
            hooks.connect.tapPromise("slow", () => { console.error("connecting"); setInterval(() => {}, 1_000); return new Promise(() => {}); });
          } }, "defaults"] };`,
        );
        const run = shell(`exec maand ${line}`, bucket);
        await prints(run, "connecting");
        process.kill(run.pid, "SIGTERM");
        expect({ code: await run.ended, printed: run.printed() }).toMatchObject({ code: 130 });
        expect(run.printed()).not.toMatch(new RegExp(`(failed|unreachable|fault) .*${HOST}|[1-9] failed`));
      }),
  );
});

describe.concurrent("a handle that a plugin leaves open", () => {
  const config = "setInterval(() => {}, 1_000); export default {};";

  it("does not prevent the end of a command", () =>
    withBucket(async (bucket) => {
      bucket.write("maand.config.mjs", config);
      const run = shell("exec maand plugins", bucket);
      expect(await run.ended).toBe(0);
      expect(run.printed()).toMatch(/something was left open, .*Timeout/);
    }));

  it("does not prevent the first signal from ending a command that has its result", () =>
    withBucket(async (bucket) => {
      bucket.write("maand.config.mjs", config);
      const run = shell("exec maand plugins", bucket);
      await prints(run, "job-commands");
      process.kill(run.pid, "SIGTERM");
      expect(await run.ended).toBe(0);
      expect(run.printed()).not.toContain("left open");
    }));
});
