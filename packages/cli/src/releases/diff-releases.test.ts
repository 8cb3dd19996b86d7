import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diffReleases } from "./diff-releases.ts";

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers("10.0.0.1", "10.0.0.2");
  write("1.0.0");
});

afterEach(() => bucket.dispose());

const write = (version: string, text = "one\n") =>
  bucket.job("api", { selectors: ["worker"], version }, { "app.conf": text });

describe("a diff of two releases", () => {
  const diff = async (from: string, to?: string) => {
    const opened = await bucket.open();
    return diffReleases(opened, "api", { from, to }).finally(() => opened.close());
  };

  it("shows the changed lines of source files, for releases given by number or version", async () => {
    await bucket.build();
    write("1.1.0", "two\n");
    await bucket.build();
    const { files, ...names } = await diff("1.0.0", "r2");
    expect(names).toEqual({ job: "api", from: "r1", to: "r2" });
    expect(files.map(({ path }) => path)).toEqual(["app.conf", "manifest.json"]);
    expect(files[0]?.diff).toContain("-one\n+two\n");
    expect((await diff("1")).to).toBe("r2");
  });

  it("masks the secrets of the job", async () => {
    await bucket.build();
    const opened = await bucket.open();
    opened.store.transaction(() => opened.kv.put("secrets/job/api", "password", "correct-horse"));
    opened.close();
    write("1.0.0", "password=correct-horse\n");
    await bucket.build();
    const text = (await diff("r1")).files[0]?.diff;
    expect(text).toContain("+password=");
    expect(text).not.toContain("correct-horse");
  });

  it("is refused for a release that does not exist, and the error names the existing releases", async () => {
    await bucket.build();
    await expect(diff("r9")).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [{ message: "api has no release r9", hint: "it has r1 (1.0.0)" }],
    });
    await expect(diff("latest")).rejects.toThrow(/"latest" is neither a release nor a version/);
  });
});
