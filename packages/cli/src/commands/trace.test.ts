import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

let root: string;
let typed: ReturnType<typeof typedIn>;

beforeEach(async () => {
  root = await initialised('transport = "local"\n');
  typed = typedIn(root);
  mkdirSync(join(root, "workspace/jobs/api"), { recursive: true });
  writeFileSync(join(root, "workspace/workers.json"), '[{ "host": "127.0.0.11" }]');
  writeFileSync(join(root, "workspace/jobs/api/manifest.json"), '{ "selectors": ["worker"] }');
  writeFileSync(join(root, "workspace/jobs/api/Makefile"), "start restart stop:\n\t@true\n");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

it("maand deploy --json --trace prints only events on stdout, and the path of the trace on stderr", async () => {
  const { code, out, err } = await typed("deploy", "--build", "--json", "--trace=trace.json");
  expect(code).toBe(0);
  expect(out.split("\n").filter((line) => line !== "" && !line.startsWith("{"))).toEqual([]);
  expect(err).toContain("trace: trace.json (open it in https://ui.perfetto.dev");
});

it("maand plugins --trace shows hooks and plugins outside of a bucket, with --verbose also jobs and workers", async () => {
  await typed("deploy", "--build", "--trace=trace.json");
  const elsewhere = typedIn("/");
  const file = join(root, "trace.json");
  const { code, out } = await elsewhere("plugins", "--trace", file);
  expect(code).toBe(0);
  expect(out).toMatch(/^deploy took .*; \d+ calls of taps:$/m);
  expect(out).toMatch(/│ stage +│ local +│ 1 +│/);
  expect(out).not.toContain("UNIT");
  expect((await elsewhere("plugins", "--trace", file, "--verbose")).out).toMatch(
    /│ 127\.0\.0\.11 +│ stage +│ local +│ 1 /,
  );
});

it("a dry run with --trace=FILE writes a trace to this file", async () => {
  await typed("build");
  expect((await typed("deploy", "--dry-run", "--trace=trace.json")).out).toMatch(/│ render +│ templates +│ 1 +│/);
});

it("a deploy with an invalid configuration writes no trace", async () => {
  writeFileSync(join(root, "maand.config.mjs"), "export default {");
  const { code, err } = await typed("deploy", "--trace=trace.json");
  expect(code).toBe(2);
  expect(err).not.toContain("trace");
  expect(existsSync(join(root, "trace.json"))).toBe(false);
});

it.each([
  [
    ["deploy", "--dry-run", "--trace"],
    "a dry run writes no record of a run, so --trace needs a file name",
    "name a file: --trace=FILE",
  ],
  [["deploy", "--trace=nowhere/a.json"], "no such file or directory", "in a directory that exists"],
  [["plugins", "--trace", "nowhere.json"], "nowhere.json cannot be read: no such file or directory (ENOENT)", ""],
  [
    ["plugins", "--trace", "maand.conf"],
    "maand.conf is not a trace file of maand",
    "to write one, run maand deploy --trace",
  ],
])("maand %j is refused, and nothing is deployed", async (argv, message, hint) => {
  await typed("build");
  const { code, err } = await typed(...argv);
  expect(code).toBe(2);
  expect(err).toContain(message);
  expect(err).toContain(hint);
  expect((await typed("deploy", "--dry-run", "--exit-code")).code).toBe(4);
});
