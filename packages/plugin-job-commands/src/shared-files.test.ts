import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SharedFiles } from "./shared-files.ts";

let tmp: string;
beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), "maand-shared-"));
});
afterEach(() => rmSync(tmp, { recursive: true, force: true }));

const [api, web] = [{ name: "api" }, { name: "web" }];

it("parallel processes have separate directories, and the next process of the job reuses one", async () => {
  const files = new SharedFiles(tmp);
  const [one, two] = [files.take(api), files.take(api)];
  expect(one).not.toBe(two);
  mkdirSync(join(one, "_modules"), { recursive: true });
  await files.giveBack(api, one);
  expect(existsSync(one)).toBe(false);
  expect(files.take(api)).toBe(one);
  expect([one, two]).not.toContain(files.take(api));
});

it("a directory is never reused by another job, because compiled scripts may have equal names", async () => {
  const files = new SharedFiles(tmp);
  const directory = files.take(api);
  await files.giveBack(api, directory);
  expect(files.take(web)).not.toBe(directory);
});
