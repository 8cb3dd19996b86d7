import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

const HOSTS = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];

let root: string;
let typed: ReturnType<typeof typedIn>;

/** Records each target that runs. The restart to 2.0.0 fails on the second worker. */
const MAKEFILE = `start restart stop:
	@mkdir -p data
	@echo "$@ $(CURRENT_VERSION) $(NEW_VERSION) $(DEPLOY_REASON)" >> data/ran
	@test "$(NEW_VERSION) $(ALLOCATION_INDEX)" != "2.0.0 1"
status:
	@true
`;

beforeEach(async () => {
  root = await initialised('transport = "local"\n');
  typed = typedIn(root);
  write("workspace/workers.json", JSON.stringify(HOSTS.map((host) => ({ host }))));
  write("workspace/jobs/api/Makefile", MAKEFILE);
  version("1.0.0");
  expect(await typed("deploy", "--build")).toMatchObject({ code: 0 });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

function version(text: string, more: Readonly<Record<string, unknown>> = {}): void {
  const manifest = { version: text, selectors: ["worker"], ...more };
  write("workspace/jobs/api/manifest.json", JSON.stringify(manifest));
}

/** The last target that ran on each worker. */
function lastRun(): string[] {
  return HOSTS.map((host) => {
    const home = join(root, "data/local", host);
    const [id = ""] = readdirSync(home);
    return (
      readFileSync(join(home, id, "jobs/api/data/ran"), "utf8")
        .trimEnd()
        .split("\n")
        .at(-1) ?? ""
    );
  });
}

describe("after a second release was deployed", () => {
  beforeEach(async () => {
    version("1.1.0");
    expect(await typed("deploy", "--build")).toMatchObject({ code: 0 });
  });

  it("maand rollback restores the first release, and later commands report that the second release is held", async () => {
    const shown = await typed("rollback", "api", "--dry-run");
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining("rollback dry-run: rollback required") });
    const { code, err } = await typed("rollback", "api");
    expect(code).toBe(0);
    expect(err).toContain("rollback done:");
    expect(lastRun()).toEqual(HOSTS.map(() => "restart 1.1.0 1.0.0 rollback"));
    const held = "warning: api is held: r2 (1.1.0) was rolled back on";
    for (const words of [["build"], ["deploy"], ["why", "api"], ["cat", "deployments"], ["job", "status", "api"]])
      expect({ words, ...(await typed(...words)) }).toMatchObject({
        words,
        code: 0,
        err: expect.stringContaining(held),
      });
    expect((await typed("deploy", "--dry-run")).out).toContain(held);
    expect(JSON.parse((await typed("cat", "deployments", "--json")).out)).toMatchObject(
      HOSTS.map(() => ({ held: "r2" })),
    );
    const { out } = await typed("releases", "api");
    expect(out).toMatch(/r2 .* 1\.1\.0 .* good .* held \(rollback\)/);
    expect(out).toMatch(/r1 .* 1\.0\.0 .* 127\.0\.0\.11,127\.0\.0\.12,127\.0\.0\.13 .* good .* wanted/);
  });

  it("a deploy of the held release undoes a rollback", async () => {
    await typed("rollback", "api");
    expect(await typed("deploy", "--jobs", "api", "--release", "r2")).toMatchObject({ code: 0 });
    expect(lastRun()).toEqual(HOSTS.map(() => "restart 1.0.0 1.1.0 upgrade"));
    expect((await typed("deploy", "--build")).err).not.toContain("held");
  });

  it.each([
    [["rollback"], "no job is given"],
    [["rollback", "nope"], 'there is no job "nope"'],
    [["rollback", "api", "--to", "r9"], "api has no release r9"],
    [["rollback", "api", "--to", "newest"], '"newest" is neither a release nor a version'],
    [["rollback", "api", "--run", "1"], "--run already selects the jobs and their releases"],
    [["rollback", "--run", "x"], '"x" is not the number of a run'],
    [["rollback", "--run", "99"], "no record says that run 99 rolled out a job"],
    [["rollback", "api", "--diff"], "--diff requires --dry-run"],
    [["deploy", "--release", "r1"], "--release names a release of one job"],
    [["diff", "api", "r1", "r9"], "api has no release r9"],
    [["releases", "nope"], 'there is no job "nope"'],
  ])("maand refuses %j, and changes nothing", async (words, message) => {
    const { code, err } = await typed(...words);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
    expect(lastRun()).toEqual(HOSTS.map(() => "restart 1.0.0 1.1.0 upgrade"));
  });
});

describe("maand diff", () => {
  it("shows the changed lines between two releases, as text and as JSON", async () => {
    version("1.1.0");
    await typed("build");
    const { out } = await typed("diff", "api", "1.0.0");
    expect(out).toContain("api: 1 file changed from r1 to r2");
    expect(out).toContain('+{"version":"1.1.0"');
    expect(JSON.parse((await typed("diff", "api", "r1", "r2", "--json")).out)).toMatchObject({
      job: "api",
      from: "r1",
      to: "r2",
      files: [{ path: "manifest.json", change: "modified" }],
    });
    expect((await typed("diff", "api", "r2")).out).toBe("api: r2 and r2 have the same files\n");
  });
});

describe("a deploy of a bad version", () => {
  it("reverts to the last good release with on_failure: revert, and exits with code 1", async () => {
    version("2.0.0", { on_failure: "revert" });
    const { code, err } = await typed("deploy", "--build");
    expect(code).toBe(1);
    expect(err).toContain("api: reverting to r1 on 127.0.0.11, 127.0.0.12");
    expect(err).toContain("reverted on 127.0.0.11, 127.0.0.12");
    expect(err).toContain("skipped on 127.0.0.13: an earlier batch failed");
    expect(err).toMatch(/deploy reverted: 0 promoted, 0 unchanged, 2 reverted, 1 skipped/);
    expect(err).toContain("next: fix api, then run maand deploy --build");
    expect(lastRun()).toEqual(["restart 2.0.0 1.0.0 revert", "restart 1.0.0 1.0.0 revert", "start 0.0.0 1.0.0 start"]);
    expect(await typed("deploy", "--build")).toMatchObject({
      code: 0,
      err: expect.stringContaining("api is held: r2 (2.0.0) was reverted on"),
    });
  });

  it("stops at the failed batch with --no-revert", async () => {
    version("2.0.0", { on_failure: "revert" });
    expect(await typed("deploy", "--build", "--no-revert")).toMatchObject({ code: 1 });
    expect(lastRun()[0]).toBe("restart 1.0.0 2.0.0 upgrade");
  });
});
