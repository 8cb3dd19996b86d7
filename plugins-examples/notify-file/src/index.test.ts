import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aBucket, commitContext, createHooks } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NotifyFileOptions, notifyFile } from "./index.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "notify-file-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function lines(file = "log/deploys.ndjson"): unknown[] {
  const text = readFileSync(join(root, file), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

async function notify(outcome: "ok" | "failed" | "interrupted", options: Partial<NotifyFileOptions> = {}) {
  const hooks = createHooks();
  await notifyFile({ file: "log/deploys.ndjson", ...options }).apply(hooks);
  const base = commitContext();
  await hooks.commit.promise({ ...base, bucket: { id: "bucket", root }, summary: { ...base.summary, outcome } });
}

describe("notify-file", () => {
  it("appends one line for each run", async () => {
    await notify("ok");
    await notify("interrupted");
    expect(lines()).toMatchObject([
      { run: "run", outcome: "ok", promoted: 0 },
      { run: "run", outcome: "interrupted" },
    ]);
  });

  it("writes nothing for a successful run with onlyFailures", async () => {
    await notify("ok", { onlyFailures: true });
    await notify("failed", { onlyFailures: true });
    expect(lines()).toMatchObject([{ outcome: "failed" }]);
  });

  it("cannot change the outcome of a deploy", async () => {
    writeFileSync(join(root, "in-the-way"), "");
    const bucket = aBucket({ plugins: [notifyFile({ file: join(root, "in-the-way/deploys.ndjson") })] });
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    const { outcome, warnings } = await bucket.ship().finally(bucket.dispose);
    expect(outcome).toBe("ok");
    expect(warnings).toEqual([expect.stringContaining("notify-file failed in commit")]);
  });
});
