import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MAAND, startMaand } from "../../support/bucket/maand.ts";

const OTHER_USER = 65_534;

let root: string;
let proof: string;

const maand = (cwd: string, ...args: string[]) => startMaand(args, { cwd }).ended;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-foreign-"));
  chmodSync(root, 0o755);
  proof = join(root, "ran");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

it("every command refuses to run code from a bucket of another user, and names the owner", async () => {
  mkdirSync(join(root, "data"));
  mkdirSync(join(root, "project"));
  writeFileSync(join(root, "data/maand.db"), "");
  writeFileSync(join(root, "maand.config.cjs"), `require("fs").writeFileSync(${JSON.stringify(proof)}, "");`);
  for (const path of ["", "data", "data/maand.db", "maand.config.cjs"])
    chownSync(join(root, path), OTHER_USER, OTHER_USER);
  for (const command of ["info", "cat jobs", "plugins", "build", "deploy --dry-run", "logs show", "health_check"]) {
    const { code, stderr } = await maand(join(root, "project"), ...command.split(" "));
    expect(stderr, command).toContain("belongs to nobody, but maand runs as root");
    expect(code, command).toBe(2);
  }
  const { code } = await maand(join(root, "project"), "doctor");
  expect(code).not.toBe(0);
  expect(existsSync(proof)).toBe(false);
});

it("a command of another user reports that it cannot read the bucket, instead of suggesting maand init", async () => {
  expect(await maand(root, "init")).toMatchObject({ code: 0 });
  const line = ["-u", "nobody", process.execPath, MAAND, "-C", root, "cat", "jobs"];
  const failure = (() => {
    try {
      execFileSync("sudo", line, { encoding: "utf8", stdio: "pipe", cwd: "/" });
      return undefined;
    } catch (cause) {
      return cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
    }
  })();
  expect(failure).toContain(`permission denied: ${root}/data belongs to root, but maand runs as nobody`);
  expect(failure).not.toContain("maand init");
});
