import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { initialised, typedIn } from "../../run/typed.test.support.ts";

let root: string;
let typed: ReturnType<typeof typedIn>;

let before: string;

beforeAll(async () => {
  before = await initialised();
  writeFileSync(join(before, "workspace/workers.json"), '[{ "host": "127.0.0.11", "transport": "local" }]\n');
});

afterAll(() => rmSync(before, { recursive: true, force: true }));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-create-"));
  typed = typedIn(root);
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  cpSync(before, root, { recursive: true });
});

const JOB = "workspace/jobs/api";
const ENV = { PATH: process.env.PATH, JOB: "api", NEW_VERSION: "1.0.0", CURRENT_VERSION: "0.0.0", WORKER_IP: "w1" };

/** Runs targets of the job's Makefile as a worker does. */
function make(...targets: string[]) {
  const made = spawnSync("make", ["-s", "-C", join(root, JOB), ...targets], { env: ENV, encoding: "utf8" });
  return { code: made.status, out: made.stdout, err: made.stderr };
}

describe("maand job create", () => {
  it("writes a manifest that names its schema", async () => {
    expect((await typed("job", "create", "api", "-s", "worker,web")).code).toBe(0);
    const manifest = JSON.parse(readFileSync(join(root, JOB, "manifest.json"), "utf8"));
    expect(manifest).toMatchObject({ version: "1.0.0", selectors: ["worker", "web"] });
    expect(existsSync(join(root, JOB, manifest.$schema))).toBe(true);
  });

  it("explains the default without selectors", async () => {
    await typed("job", "create", "api");
    expect(JSON.parse(readFileSync(join(root, JOB, "manifest.json"), "utf8")).selectors).toEqual(["api"]);
  });

  it("writes the schema in an older bucket that has none", async () => {
    rmSync(join(root, "workspace/.schemas"), { recursive: true });
    await typed("job", "create", "api");
    expect(existsSync(join(root, "workspace/.schemas/manifest.json"))).toBe(true);
  });

  it("writes a job that can be deployed, upgraded and checked without changes", async () => {
    await typed("job", "create", "api", "-s", "worker");
    expect(await typed("build", "--strict")).toMatchObject({ code: 0, err: "" });
    expect(await typed("deploy")).toMatchObject({ code: 0, err: expect.stringContaining("start api 1.0.0") });
    writeFileSync(join(root, JOB, "more.txt"), "x");
    expect(await typed("deploy", "-b")).toMatchObject({ code: 0, err: expect.stringContaining("stop api") });
    expect(await typed("job", "status", "api")).toMatchObject({ code: 0 });
  });

  it("writes a Makefile with every target, without output under make -s", async () => {
    await typed("job", "create", "api");
    expect(make("start")).toEqual({ code: 0, out: "start api 1.0.0\n", err: "" });
    expect(make("stop")).toEqual({ code: 0, out: "stop api\n", err: "" });
    expect(make("restart")).toEqual({ code: 0, out: "stop api\nstart api 1.0.0\n", err: "" });
    expect(make("reload")).toEqual({ code: 0, out: "stop api\nstart api 1.0.0\n", err: "" });
    expect(make("status")).toEqual({ code: 0, out: "api 0.0.0 on w1\n", err: "" });
  });

  it.each([
    ["docker compose", "docker compose up"],
    ["systemd", "systemctl restart api.service"],
  ])("includes a commented example of %s, which works once uncommented", async (what, started) => {
    await typed("job", "create", "api");
    const text = readFileSync(join(root, JOB, "Makefile"), "utf8");
    const example = text.slice(text.indexOf(what)).split("\n\n")[0] ?? "";
    writeFileSync(join(root, JOB, "Makefile"), `#${example.replace(/^#(?! |$)/gm, "")}\n`);
    const begun = make("-n", "start");
    expect(begun).toMatchObject({ code: 0, err: "", out: expect.stringContaining(started) });
    expect(make("-n", "restart")).toEqual(begun);
    for (const target of ["stop", "reload", "status"]) expect(make("-n", target)).toMatchObject({ code: 0, err: "" });
  });
});

describe("maand job create --command", () => {
  const begun = (name: string) => readFileSync(join(root, JOB, "_modules", name), "utf8");
  const manifest = () => JSON.parse(readFileSync(join(root, JOB, "manifest.json"), "utf8"));

  it("creates a job with a command that build accepts", async () => {
    const { code, out } = await typed(
      "job",
      "create",
      "api",
      "-s",
      "worker",
      "--command",
      "command_lead",
      "--on",
      "cli",
    );
    expect({ code, out: out.split("\n")[0] }).toEqual({
      code: 0,
      out: `wrote ${JOB}/_modules/command_lead.py and its entry in ${JOB}/manifest.json`,
    });
    expect(manifest()).toMatchObject({ selectors: ["worker"], commands: { command_lead: { executed_on: ["cli"] } } });
    expect(existsSync(join(root, JOB, "Makefile"))).toBe(true);
    expect((await typed("build")).code).toBe(0);
  });

  it("adds the command to an existing job, and keeps the formatting of its manifest", async () => {
    await typed("job", "create", "api");
    const before =
      '{\n\t"version": "1.0.0",  "selectors": ["web", "eu"],\n\t"commands": {\n\t\t"command_a": { "executed_on": ["cli"] }\n\t}\n}\n';
    writeFileSync(join(root, JOB, "manifest.json"), before);
    const makefile = readFileSync(join(root, JOB, "Makefile"), "utf8");
    const line = ["job", "create", "api", "--command", "command_b", "--on", "pre_deploy,cli", "--lang", "ts", "--json"];
    expect(JSON.parse((await typed(...line)).out)).toEqual({
      job: "api",
      directory: JOB,
      command: "command_b",
      script: `${JOB}/_modules/command_b.ts`,
    });
    const after = readFileSync(join(root, JOB, "manifest.json"), "utf8");
    const entry = ',\n\t\t"command_b": { "executed_on": ["pre_deploy", "cli"] }';
    expect(after).toBe(before.replace("\n\t}", `${entry}\n\t}`));
    expect(readFileSync(join(root, JOB, "Makefile"), "utf8")).toBe(makefile);
  });

  it("keeps the newlines and byte order marks of other systems", async () => {
    await typed("job", "create", "api");
    writeFileSync(join(root, JOB, "manifest.json"), '{\r\n    "version": "1.0.0"\r\n}\r\n');
    expect((await typed("job", "create", "api", "--command", "command_b", "--on", "cli")).code).toBe(0);
    const after = readFileSync(join(root, JOB, "manifest.json"), "utf8");
    expect(after).toContain('\r\n    "commands": {\r\n        "command_b"');
    expect(after).not.toMatch(/[^\r]\n/);
  });

  it.each([
    [["--command", "lead", "--on", "cli"], '--command: "lead" is not a command name', 'did you mean "command_lead"?'],
    [
      ["--command", "command_x", "--on", "predeploy"],
      '--on: "predeploy" is not an event',
      'did you mean "pre_deploy"?',
    ],
    [["--command", "command_x"], "--on: must name at least one event", "use post_build, pre_deploy"],
    [["--command", "command_x", "--on", "cli", "--lang", "rb"], '--lang: unsupported language "rb"', "use py or ts"],
    [["--on", "cli"], "--on: needs --command", "name the command with --command"],
    [["--lang", "py"], "--lang: needs --command", "name the command with --command"],
  ])("refuses %j, and writes nothing", async (flags, message, hint) => {
    const { code, err } = await typed("job", "create", "api", ...flags);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect(existsSync(join(root, JOB))).toBe(false);
  });

  it("reports the problems of all its flags together", async () => {
    const { err } = await typed("job", "create", "api", "--command", "Lead", "--on", "always,never", "--lang", "go");
    for (const word of ['"Lead"', '"always"', '"never"', '"go"']) expect(err).toContain(word);
  });

  it("overwrites neither an existing script nor an existing entry of the manifest", async () => {
    const line = ["job", "create", "api", "--command", "command_lead", "--on", "cli"];
    await typed(...line);
    writeFileSync(join(root, JOB, "_modules/command_lead.py"), "mine");
    const before = readFileSync(join(root, JOB, "manifest.json"), "utf8");
    const { code, err } = await typed(...line, "--lang", "ts");
    expect(code).toBe(2);
    expect(err).toContain(`${JOB}/manifest.json: commands.command_lead`);
    expect(err).toContain(`${JOB}/_modules/command_lead.py`);
    expect(begun("command_lead.py")).toBe("mine");
    expect(existsSync(join(root, JOB, "_modules/command_lead.ts"))).toBe(false);
    expect(readFileSync(join(root, JOB, "manifest.json"), "utf8")).toBe(before);
  });

  it.each([
    ["{ nonsense", "is not JSON"],
    ["[]", "must be an object"],
    ['{ "commands": [] }', "must be an object"],
    ['{ "commands": null }', "must be an object"],
  ])("does not change a manifest that it cannot parse: %s", async (text, message) => {
    await typed("job", "create", "api");
    writeFileSync(join(root, JOB, "manifest.json"), text);
    const { code, err } = await typed("job", "create", "api", "--command", "command_lead", "--on", "cli");
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
    expect(readFileSync(join(root, JOB, "manifest.json"), "utf8")).toBe(text);
    expect(existsSync(join(root, JOB, "_modules"))).toBe(false);
  });

  it("refuses selectors for an existing job, because they would change its manifest", async () => {
    await typed("job", "create", "api");
    const line = ["job", "create", "api", "-s", "web", "--command", "command_lead", "--on", "cli"];
    expect(await typed(...line)).toMatchObject({ code: 2, err: expect.stringContaining("omit --selectors") });
  });
});
