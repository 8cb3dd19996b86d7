import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../../docs/pages.ts";
import { MAAND } from "../../support/bucket/maand.ts";

const NAME = "@acme/maand-plugin-cheer";
const place = mkdtempSync(join(tmpdir(), "maand-created-"));
const created = join(place, "maand-plugin-cheer");
const bucket = join(place, "bucket");

beforeAll(() => {
  run(process.execPath, [MAAND, "plugin", "create", NAME], place);
  // what npm install would fetch is here already
  symlinkSync(join(ROOT, "node_modules"), join(created, "node_modules"));
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

it("its types are valid, its tests pass, and it builds", { timeout: 120_000 }, () => {
  run("npm", ["run", "check"], created);
  expect(run("npm", ["test"], created)).toMatch(/3 passed/);
  run("npm", ["run", "build"], created);
});

it("its package contains the promised files only, and works in a bucket", {
  timeout: 120_000,
}, () => {
  const packed: readonly { readonly filename: string; readonly files: readonly { readonly path: string }[] }[] =
    JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts"], created));
  const files = packed.flatMap((one) => one.files.map(({ path }) => path)).sort();
  expect(files).toEqual(["README.md", "dist/index.d.ts", "dist/index.js", "package.json"]);
  const installed = join(bucket, "node_modules", NAME);
  mkdirSync(installed, { recursive: true });
  run("tar", ["-xzf", join(created, packed[0]?.filename ?? ""), "--strip-components=1", "-C", installed], place);
  symlinkSync(join(ROOT, "node_modules/valibot"), join(bucket, "node_modules/valibot"));
  maand("init");
  writeFileSync(join(bucket, ".maandrc.json"), JSON.stringify({ plugins: ["defaults", [NAME, { word: "hurray:" }]] }));
  writeFileSync(join(bucket, "workspace/workers.json"), '[{ "host": "127.0.0.11", "transport": "local" }]');
  maand("job", "create", "api", "--selectors", "worker");
  expect(maand("deploy", "--build", "--json")).toContain("hurray: api 1.0.0 on 1 workers");
  expect(maand("plugins")).toMatch(/│ cheer +│ 0\.1\.0 +│ @acme\/maand-plugin-cheer +│ after/);
});

it("uses its own name everywhere", () => {
  expect(readFileSync(join(created, "README.md"), "utf8")).toContain(`import { cheer } from "${NAME}";`);
});

function maand(...args: readonly string[]): string {
  return run(process.execPath, [MAAND, ...args], bucket);
}

function run(program: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
  } catch (cause) {
    throw new Error(
      `${program} ${args.join(" ")}: ${cause instanceof Error && "stdout" in cause ? `${cause.stdout}${"stderr" in cause ? cause.stderr : ""}` : cause}`,
    );
  }
}
