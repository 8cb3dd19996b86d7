import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { initialised, typedIn } from "../typed.test.support.ts";

let root: string;
let typed: ReturnType<typeof typedIn>;

let before: string;

beforeAll(async () => {
  before = await initialised();
  writeFileSync(join(before, "workspace/workers.json"), '[{ "host": "127.0.0.11", "transport": "local" }]\n');
}, 60_000);

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

  it("says what holds without selectors", async () => {
    await typed("job", "create", "api");
    expect(JSON.parse(readFileSync(join(root, JOB, "manifest.json"), "utf8")).selectors).toEqual(["api"]);
  });

  it("writes the schema too in a bucket from before there was one", async () => {
    rmSync(join(root, "workspace/.schemas"), { recursive: true });
    await typed("job", "create", "api");
    expect(existsSync(join(root, "workspace/.schemas/manifest.json"))).toBe(true);
  });

  it("writes what can be deployed, upgraded and asked as it is", async () => {
    await typed("job", "create", "api", "-s", "worker");
    expect(await typed("build", "--strict")).toMatchObject({ code: 0, err: "" });
    expect(await typed("deploy")).toMatchObject({ code: 0, err: expect.stringContaining("start api 1.0.0") });
    writeFileSync(join(root, JOB, "more.txt"), "x");
    expect(await typed("deploy", "-b")).toMatchObject({ code: 0, err: expect.stringContaining("stop api") });
    expect(await typed("job", "status", "api")).toMatchObject({ code: 0 });
  });

  it("writes a Makefile with every target, quiet under make -s", async () => {
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
  ])("has an example of %s that works once its # are away", async (what, started) => {
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
