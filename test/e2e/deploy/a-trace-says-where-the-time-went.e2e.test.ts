import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";

interface Trace {
  readonly command: string;
  readonly hooks: readonly { readonly hook: string; readonly plugin: string; readonly [figure: string]: unknown }[];
}

/** Calls `use` with a built bucket that has one local worker and a job. */
async function withBucket(use: (bucket: LocalBucket) => Promise<void>): Promise<void> {
  const bucket = await localBucket(1);
  try {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: CAREFUL_MAKEFILE });
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    await use(bucket);
  } finally {
    bucket.dispose();
  }
}

/** The trace files next to the logs of runs. */
function tracesIn({ root }: LocalBucket): string[] {
  const runs = join(root, "logs/runs");
  return readdirSync(runs)
    .filter((run) => readdirSync(join(runs, run)).includes("trace.json"))
    .map((run) => join("logs/runs", run, "trace.json"));
}

async function rowOf(bucket: LocalBucket, file: string, plugin: string, hook: string) {
  const { hooks } = await bucket.json<Trace>("plugins", "--trace", file);
  return hooks.find((row) => row.plugin === plugin && row.hook === hook);
}

it("a deploy with a trace prints a table, and writes a private file that maand plugins can show", () =>
  withBucket(async (bucket) => {
    const { code, stdout, stderr } = await bucket.maand("deploy", "--trace");
    expect(code).toBe(0);
    expect(stdout).toMatch(/│ rollout +│ make +│ 1 +│ 0 +│ .* │ api@127\.0\.0\.11 │/);
    const [file = "", ...others] = tracesIn(bucket);
    expect(others).toEqual([]);
    expect(stderr).toContain(`trace: ${file} (open it in https://ui.perfetto.dev`);
    expect(statSync(join(bucket.root, file)).mode & 0o777).toBe(0o600);
    expect((await bucket.maand("plugins", "--trace", file)).stdout).toBe(stdout);
    expect(JSON.parse(readFileSync(join(bucket.root, file), "utf8")).traceEvents).toContainEqual(
      expect.objectContaining({
        ph: "X",
        name: "make rollout",
        args: expect.objectContaining({ unit: "api@127.0.0.11" }),
      }),
    );
  }));

it("a deploy that fails writes its trace to the named file", () =>
  withBucket(async (bucket) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: "start:\n\t@false\n" });
    expect(await bucket.maand("deploy", "--build", "--trace=where.json")).toMatchObject({ code: 1 });
    expect(await rowOf(bucket, "where.json", "make", "rollout")).toMatchObject({ calls: 1, failed: 1 });
    expect(tracesIn(bucket)).toEqual([]);
  }));

it.each([
  ["once, and shows the stopped tap as failed", 1, { failed: 1, unfinished: 0 }],
  ["twice, and shows the running tap as unfinished", 2, { failed: 0, unfinished: 1 }],
] as const)("a deploy writes a trace if it is interrupted %s", (_, times, row) =>
  withBucket(async (bucket) => {
    bucket.write(
      "maand.config.mjs",
      `export default { plugins: ["defaults", { name: "slow", apply({ started }) {
      started.tapPromise("slow", ({ signal, log }) => new Promise((_, reject) => {
        const timer = setInterval(() => {}, 1000);
        signal.addEventListener("abort", () => {
          if (${times} === 2) return;
          clearInterval(timer);
          reject(new Error("stopped"));
        });
        log("waiting for Ctrl-C");
      }));
    } }] };\n`,
    );
    const deploy = bucket.start(["deploy", "--trace=where.json"]);
    await deploy.prints("waiting for Ctrl-C");
    deploy.kill("SIGINT");
    if (times === 2) {
      await deploy.prints("press Ctrl-C again to force");
      deploy.kill("SIGINT");
    }
    expect((await deploy.ended).code).toBe(130);
    expect(await rowOf(bucket, "where.json", "slow", "started")).toMatchObject({ calls: 1, ...row });
  }),
);
