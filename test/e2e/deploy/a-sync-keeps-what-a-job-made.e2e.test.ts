import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { localJob, type Scratch, scratch } from "../../support/bucket/scratch.ts";

const MADE = `mkdir -p "$1/run" "$1/var" && cd "$1" && touch app.pid run/state var/x.pid var/gone gone.txt`;
const LIST = 'cd "$1" && find . -type f | sort';
const MIB = 1024 * 1024;

function api(bucket: Scratch, files: Readonly<Record<string, string>>): void {
  bucket.job("api", { selectors: ["worker"], keep: ["*.pid", "run/"] }, files);
}

async function deploys(bucket: Scratch): Promise<string> {
  const { code, stdout, stderr } = await bucket.maand("deploy", "--build");
  expect(code, stderr).toBe(0);
  return `${stdout}${stderr}`.replace(/\s+/g, " ");
}

/** The files that remain after a deploy, if the job created its own files before it. */
async function left(
  bucket: Scratch,
  run: (script: string) => Promise<string>,
  files: Readonly<Record<string, string>>,
) {
  await run(MADE);
  api(bucket, files);
  const output = await deploys(bucket);
  expect(output).toMatch(/api had created files in its directory, .* deleted them: gone\.txt, var\/gone, on 127\./);
  expect(output).not.toContain("app.pid");
  return (await run(LIST)).trim().split("\n");
}

const KEPT = ["./app.pid", "./certs/ca.crt", "./data/lifecycle", "./run/state", "./var/x.pid"];

it("a deploy with the runner or with rsync deletes files that a job created, except files named in keep", () =>
  withFleetBucket({ count: 1 }, async ({ bucket, workers: [worker], directory }) => {
    const run = async (script: string) => {
      const { stdout } = (await worker?.run(["sh", "-c", script, "sh", directory("api")])) ?? { stdout: "" };
      return stdout;
    };
    api(bucket, { "app.conf": "1" });
    await deploys(bucket);
    expect(await left(bucket, run, { "app.conf": "2" })).toEqual(
      ["./Makefile", "./app.conf", "./manifest.json", ...KEPT].sort(),
    );
    expect(await left(bucket, run, { "app.conf": "3", "big.bin": "x".repeat(2 * MIB) })).toEqual(
      ["./Makefile", "./app.conf", "./big.bin", "./manifest.json", ...KEPT].sort(),
    );
  }));

it("a deploy to a local worker deletes files that a job created, except files named in keep", async () => {
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers({ host: "127.0.0.11" });
    api(bucket, { "app.conf": "1" });
    await deploys(bucket);
    const place = localJob(bucket, "127.0.0.11", "api") ?? "";
    const run = async (script: string) => execFileSync("sh", ["-c", script, "sh", place], { encoding: "utf8" });
    expect(await left(bucket, run, { "app.conf": "2" })).toEqual(
      ["./Makefile", "./app.conf", "./manifest.json", ...KEPT].sort(),
    );
  } finally {
    bucket.dispose();
  }
});
