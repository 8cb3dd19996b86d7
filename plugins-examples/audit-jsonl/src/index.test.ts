import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { aBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditJsonl } from "./index.ts";

let place: string;
let file: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "audit-"));
  file = join(place, "log/audit.jsonl");
});
afterEach(() => rmSync(place, { recursive: true }));

function shipped(plugin = auditJsonl({ file })) {
  const bucket = aBucket({ plugins: [plugin] });
  bucket.workers("10.0.0.1");
  bucket.job("api", { selectors: ["worker"] });
  return bucket;
}

function lines(): Record<string, unknown>[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("audit-jsonl", () => {
  it("records every event of a deploy in order, with the user", async () => {
    const bucket = shipped();
    await bucket.ship().finally(bucket.dispose);
    expect(lines()).toEqual(bucket.events.map((event) => ({ who: userInfo().username, ...event })));
    expect(lines().at(-1)).toMatchObject({ type: "run.finished", outcome: "ok" });
  });

  it("appends to the file without changing earlier lines", async () => {
    const bucket = shipped();
    await bucket.ship();
    const before = readFileSync(file, "utf8");
    await bucket.deploy().finally(bucket.dispose);
    expect(readFileSync(file, "utf8").startsWith(before)).toBe(true);
    expect(readFileSync(file, "utf8").length).toBeGreaterThan(before.length);
  });

  it("makes the file private, even if it had another mode", async () => {
    const bucket = shipped();
    await bucket.ship();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o644);
    await bucket.deploy().finally(bucket.dispose);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("records only the configured types", async () => {
    const bucket = shipped(auditJsonl({ file, types: ["run.started", "run.finished"] }));
    await bucket.ship().finally(bucket.dispose);
    expect(lines().map(({ type }) => type)).toEqual(["run.started", "run.finished"]);
  });

  it("cannot change the outcome of a deploy; a failed write is a warning", async () => {
    writeFileSync(join(place, "log"), "");
    const bucket = shipped();
    const { outcome, warnings } = await bucket.ship().finally(bucket.dispose);
    expect(existsSync(file)).toBe(false);
    expect(outcome).toBe("ok");
    expect(warnings).toEqual([expect.stringContaining("audit-jsonl failed in commit")]);
  });

  it("reports invalid options by key", () => {
    const wrong = { where: "audit-jsonl.file", message: "must be an absolute path" };
    expect(() => auditJsonl({ file: "logs/audit.jsonl" })).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining(wrong)] }),
    );
  });
});
