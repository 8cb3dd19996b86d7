import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

vi.setConfig({ hookTimeout: 60_000, testTimeout: 60_000 });

let root: string;
let typed: ReturnType<typeof typedIn>;

beforeEach(async () => {
  root = await initialised('transport = "local"\n');
  writeFileSync(join(root, "maand.conf"), `transport = "local"\nworker_root = "${root}/workers"\n`);
  typed = typedIn(root);
  write("workspace/workers.json", '[{ "host": "127.0.0.11" }, { "host": "127.0.0.12" }]');
  write("workspace/jobs/api/manifest.json", '{ "selectors": ["worker"], "version": "1.0.0" }');
  write("workspace/jobs/api/Makefile", "start restart stop:\n\t@true\n");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("maand plan", () => {
  it("shows what a deploy would do, and writes a file with mode 0600 that deploy applies", async () => {
    await typed("build");
    const { code, out } = await typed("plan", "--out", "plan.json");
    expect(code).toBe(0);
    expect(out).toMatch(/^plan: deployment required\n/);
    expect(out).toMatch(/written to plan.json \([0-9a-f]{12}\)\n {2}next: maand deploy --plan plan.json\n$/);
    expect(statSync(join(root, "plan.json")).mode & 0o777).toBe(0o600);
    const applied = await typed("deploy", "--plan", "plan.json");
    expect([applied.code, applied.out]).toEqual([0, ""]);
    expect((await typed("plan", "--exit-code")).code).toBe(0);
  });

  it("prints the same JSON that it writes, with --json and with --format json", async () => {
    await typed("build");
    const json = await typed("plan", "--json", "--out", "plan.json");
    expect(json.out).toBe(readFileSync(join(root, "plan.json"), "utf8"));
    expect((await typed("plan", "--format", "json")).out).toBe(json.out);
  });

  it("prints Markdown with --format markdown", async () => {
    const { code, out } = await typed("plan", "--build", "--format", "markdown");
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^### maand plan: 2 allocations of 1 job change\n/),
    });
  });

  it("exits with 4 with --exit-code if changes are pending", async () => {
    await typed("build");
    expect([(await typed("plan", "--exit-code")).code, (await typed("plan")).code]).toEqual([4, 0]);
  });

  it("stores nothing with --build, so the change remains unbuilt", async () => {
    const { code, err } = await typed("plan", "--build", "--out", "plan.json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(await typed("plan")).toMatchObject({ code: 2, err: expect.stringContaining("nothing was built yet") });
  });

  it.each([
    [["--format", "xml"], "write one of: text, json, markdown"],
    [["--workspace", "elsewhere"], "--workspace requires --build"],
    [["--build", "--with-hooks"], "no command of an unbuilt workspace is run"],
    [
      ["--out", "no/such/directory/plan.json", "--build"],
      "no/such/directory/plan.json: there is no such file or directory",
    ],
    [["--jobs", "ghost", "--build"], 'there is no job "ghost"'],
  ])("refuses %j, and explains why", async (flags, message) => {
    expect(await typed("plan", ...flags)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(message) });
  });
});

describe("maand deploy --plan", () => {
  it.each([
    ["--jobs", "api"],
    ["--build"],
    ["--force"],
    ["--sync-only"],
    ["--revert"],
    ["--no-revert"],
    ["--dry-run"],
    ["--release", "r1"],
    ["--max-unreachable", "1"],
  ])("refuses %s, and changes nothing", async (...flags) => {
    expect(await typed("deploy", "--plan", "plan.json", ...flags)).toMatchObject({
      code: 2,
      err: expect.stringContaining("cannot be used with --plan"),
    });
  });

  it("refuses a missing, damaged or edited plan, and explains why", async () => {
    await typed("build");
    await typed("plan", "--out", "plan.json");
    const text = readFileSync(join(root, "plan.json"), "utf8");
    const given = async (content: string) => {
      write("given.json", content);
      return typed("deploy", "--plan", "given.json");
    };
    expect(await typed("deploy", "--plan", "none.json")).toMatchObject({
      code: 2,
      err: expect.stringContaining("none.json cannot be read: there is no such file"),
    });
    expect(await given("")).toMatchObject({ code: 2, err: expect.stringContaining("given.json is empty") });
    expect(await given(text.slice(0, -40))).toMatchObject({
      code: 2,
      err: expect.stringContaining("is truncated or damaged"),
    });
    expect(await given(text.replace('"start"', '"skip"'))).toMatchObject({
      code: 2,
      err: expect.stringContaining("was edited"),
    });
    expect(await given(text.replace('"maand_plan":1', '"maand_plan":9'))).toMatchObject({
      code: 2,
      err: expect.stringContaining("given.json has format version 9"),
    });
  });

  it("exits with 5 if the plan is out of date, and lists what changed as text and as JSON", async () => {
    await typed("build");
    await typed("plan", "--out", "plan.json");
    write("workspace/jobs/api/manifest.json", '{ "selectors": ["worker"], "version": "2.0.0" }');
    await typed("build");
    const text = await typed("deploy", "--plan", "plan.json");
    expect(text.code).toBe(5);
    expect(text.err).toContain(
      "maand: the plan is out of date: job api: version 1.0.0 -> 2.0.0; its files changed (now r2)",
    );
    expect(text.err).toContain("hint: make a new plan with maand plan --out plan.json");
    const json = await typed("deploy", "--plan", "plan.json", "--json");
    expect(json.code).toBe(5);
    expect(JSON.parse(json.out.trim().split("\n").at(-1) ?? "")).toMatchObject({
      error: { code: "PLAN_STALE", problems: [{ code: "changed_since_plan", where: "job api" }] },
    });
  });
});
