import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { type EmbeddedBucket, initBucket, isMaandError, type MaandEvent, openBucket } from "./embed.ts";
import { aBucket, type TestBucket } from "./testing/index.ts";

const HOST = "10.0.0.1";
let files: TestBucket;
afterEach(() => files.dispose());

/** A bucket with one worker and the job `api`, opened as a program opens it. */
async function opened(onEvent?: (event: MaandEvent) => void): Promise<EmbeddedBucket> {
  files = aBucket();
  files.workers(HOST);
  files.job("api", { version: "1.0.0", selectors: ["worker"] });
  const bucket = await openBucket({
    directory: join(files.root, "workspace"),
    defaults: () => [files.fleet.plugin],
    ...(onEvent ? { onEvent } : {}),
  });
  onTestFinished(() => void bucket.close());
  return bucket;
}

describe("a program that embeds maand", () => {
  it("builds, plans and deploys, and receives every event", async () => {
    const types = new Set<string>();
    const bucket = await opened(({ type }) => types.add(type));
    expect(await bucket.build()).toEqual([]);
    expect(await bucket.plan()).toEqual({
      required: true,
      changes: [{ job: "api", host: HOST, action: "start", reasons: ["new"] }],
      failures: [],
      unbuilt: [],
    });
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
    expect(files.fleet.running()).toEqual({ [`api@${HOST}`]: "1.0.0" });
    expect(await bucket.plan()).toMatchObject({ required: false, changes: [{ action: "skip" }] });
    expect([...types]).toEqual(expect.arrayContaining(["run.started", "job.finished", "run.finished"]));
    expect(bucket.catalog()).toMatchObject({ jobs: [{ name: "api" }], workers: [{ host: HOST }] });
  });

  it("plans stops and removals", async () => {
    const bucket = await opened();
    await bucket.build();
    await bucket.deploy();
    files.removeJob("api");
    await bucket.build();
    expect((await bucket.plan()).changes).toEqual([
      { job: "api", host: HOST, action: "remove", reasons: ["its job was removed from the workspace"] },
    ]);
  });

  it("receives the same errors as the command line", async () => {
    const bucket = await opened();
    files.job("api", { version: 7 });
    const cause: unknown = await bucket.build().catch((thrown: unknown) => thrown);
    expect(isMaandError(cause) && cause.code).toBe("PROBLEMS");
  });

  it("can access only the documented properties of a bucket", async () => {
    expect(Object.keys(await opened()).sort()).toEqual([
      ...["build", "catalog", "checkHealth", "close", "deploy", "id", "plan", "root", "runJobCommand", "runTarget"],
      ...["settings", "warnings"],
    ]);
  });

  it("creates a bucket, or updates the existing one", async () => {
    files = aBucket();
    const directory = mkdtempSync(join(tmpdir(), "maand-embed-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    expect(await initBucket({ directory })).toMatchObject({ created: true });
    expect(await initBucket({ directory })).toMatchObject({ created: false });
  });
});
