import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { aWorkspace } from "../a-workspace.test.support.ts";

const RULES = "_prometheus/alerts/web.yaml";
const OTHER = "groups:\n- name: a\n  rules:\n  - alert: B\n    expr: up\n";

let directory: string;
let program: string;

/** A program that replaces promtool: it records its arguments, and accepts every file. */
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maand-promtool-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  program = join(directory, "promtool");
  writeFileSync(program, `#!/bin/sh\necho "$2" >> ${directory}/asked\n`);
  chmodSync(program, 0o755);
});

/** The calls of promtool since the last call of this function. */
function asked(): string[] {
  const file = join(directory, "asked");
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").sort() : [];
  rmSync(file, { force: true });
  return lines;
}

const aBucket = () =>
  aWorkspace({ [RULES]: "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up\n" }, undefined, program);

it("a deploy checks new files, and the next deploy does not run promtool", async () => {
  const bucket = aBucket();
  await bucket.ship();
  expect(asked()).toEqual(["config", "rules"]);
  await bucket.ship();
  expect(asked()).toEqual([]);
});

it("changed rules are checked again, but not the unchanged configuration", async () => {
  const bucket = aBucket();
  await bucket.ship();
  asked();
  bucket.write(`jobs/web/${RULES}`, OTHER);
  await bucket.ship();
  expect(asked()).toEqual(["rules"]);
});

it("all files are checked again with another version of promtool", async () => {
  const bucket = aBucket();
  await bucket.ship();
  asked();
  writeFileSync(program, `#!/bin/sh\n# another version\necho "$2" >> ${directory}/asked\n`);
  await bucket.ship();
  expect(asked()).toEqual(["config", "rules"]);
});

it("files that promtool rejects are checked again, and rejected again", async () => {
  const bucket = aBucket();
  writeFileSync(program, `#!/bin/sh\necho "$2" >> ${directory}/asked\nexit 1\n`);
  for (const time of ["first", "second"]) {
    await expect(bucket.build(), time).rejects.toThrow();
    expect(asked(), time).toEqual(["rules"]);
  }
});
