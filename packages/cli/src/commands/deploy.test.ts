import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

let root: string;
let typed: ReturnType<typeof typedIn>;

beforeEach(async () => {
  root = await initialised('transport = "local"\n');
  typed = typedIn(root);
  write("workspace/workers.json", '[{ "host": "127.0.0.11" }, { "host": "127.0.0.12" }, { "host": "127.0.0.13" }]');
  write("workspace/jobs/api/manifest.json", '{ "selectors": ["worker"], "max_concurrent_upgrades": 3 }');
  write("workspace/jobs/api/Makefile", "start restart stop:\n\t@true\n");
  write("workspace/jobs/api/app.conf", "port = 1\n");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("maand deploy --dry-run --diff", () => {
  it("shows a change once for all workers that share it", async () => {
    await typed("deploy", "--build");
    write("workspace/jobs/api/app.conf", "port = 2\n");
    write("workspace/jobs/api/who.conf.tpl", "{{ .WorkerIP }}\n");
    const { code, out } = await typed("deploy", "--build", "--dry-run", "--diff");
    expect(code).toBe(0);
    expect(out).toContain(
      [
        "    app.conf on 127.0.0.11, same on 2 more workers",
        "    --- a/app.conf",
        "    +++ b/app.conf",
        "    @@ -1,1 +1,1 @@",
        "    -port = 1",
        "    +port = 2",
        "",
        "    who.conf on 127.0.0.11",
        "    new file mode 100644",
        "    --- /dev/null",
        "    +++ b/who.conf",
        "    @@ -0,0 +1,1 @@",
        "    +127.0.0.11",
        "",
        "    who.conf on 127.0.0.12",
        "",
      ].join("\n"),
    );
  });

  it("includes each file's diff in JSON, and null without --diff", async () => {
    await typed("deploy", "--build");
    write("workspace/jobs/api/app.conf", "port = 2\n");
    await typed("build");
    const files = async (...flags: string[]) => {
      const { out } = await typed("deploy", "--dry-run", "--json", ...flags);
      return JSON.parse(out).waves[0].jobs[0].allocations[2].files;
    };
    const diff =
      "diff --git a/app.conf b/app.conf\n--- a/app.conf\n+++ b/app.conf\n@@ -1,1 +1,1 @@\n-port = 1\n+port = 2\n";
    expect(await files("--diff")).toEqual([{ path: "app.conf", change: "modified", access: null, diff }]);
    expect(await files()).toEqual([{ path: "app.conf", change: "modified", access: null, diff: null }]);
  });

  it("escapes control characters", async () => {
    await typed("deploy", "--build");
    write("workspace/jobs/api/app.conf", "port = \u001b[2J\r\n");
    const { out } = await typed("deploy", "--build", "--dry-run", "--diff");
    expect(out).toContain("    +port = \\x1b[2J\\r\n");
  });

  it("is refused without --dry-run, before anything runs", async () => {
    const { code, err, out } = await typed("deploy", "--build", "--diff");
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("maand deploy --dry-run --diff");
  });
});

describe("maand deploy --dry-run of a job with pre_deploy", () => {
  const HOOK = 'import maand\nmaand.put_job_variable("port", "2")\nprint("asked")\n';

  beforeEach(() => {
    const commands = { command_port: { executed_on: ["pre_deploy"] } };
    write("workspace/jobs/api/manifest.json", JSON.stringify({ selectors: ["worker"], commands }));
    write("workspace/jobs/api/vars.toml", 'port = "1"\n');
    write("workspace/jobs/api/port.conf.tpl", '{{ get "vars/job/api" "port" }}\n');
    write("workspace/jobs/api/_modules/command_port.py", "");
  });

  it("runs no hook, and mentions that pre_deploy runs first", async () => {
    await typed("deploy", "--build");
    write("workspace/jobs/api/_modules/command_port.py", HOOK);
    const { out, err } = await typed("deploy", "--build", "--dry-run");
    expect(out).toContain(
      '  job "api": skip (already promoted on all allocations)\n    pre_deploy runs first and may change this\n',
    );
    expect(err).not.toContain("asked");
  });

  it("with --with-hooks runs pre_deploy, plans with the values that it wrote, and discards them", async () => {
    await typed("deploy", "--build");
    write("workspace/jobs/api/_modules/command_port.py", HOOK);
    const { out, err, code } = await typed("deploy", "--build", "--dry-run", "--with-hooks", "--diff");
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("asked") });
    expect(out).toContain("    pre_deploy ran for this plan; its writes were discarded\n");
    expect(out).toContain("    -1\n    +2\n");
    expect((await typed("cat", "kv", "get", "vars/job/api", "port", "--json")).out).toContain('"value": "1"');
    expect((await typed("deploy", "--dry-run")).out).toContain("no deployment required");
  });

  it("with --with-hooks names the failed hook and the jobs that depend on the job", async () => {
    write("workspace/jobs/api/_modules/command_port.py", "raise SystemExit(3)\n");
    const { out, code } = await typed("deploy", "--build", "--dry-run", "--with-hooks");
    expect(code).toBe(1);
    expect(out).toMatch(/these cannot be planned:\n {2}job "api": command_port \(pre_deploy\) of api for 127.0.0.11/);
  });

  it("refuses --with-hooks without --dry-run", async () => {
    expect(await typed("deploy", "--with-hooks")).toMatchObject({ code: 2 });
  });
});

describe("maand deploy --dry-run of a new job whose template needs a value that pre_deploy writes", () => {
  beforeEach(() => {
    const command = { executed_on: ["pre_deploy"] };
    const cli = { executed_on: ["cli"] };
    const manifest = (commands: object) => JSON.stringify({ version: "1.0.0", selectors: ["worker"], commands });
    write("workspace/jobs/api/manifest.json", manifest({ command_secret: command, command_ask: cli }));
    write("workspace/jobs/api/secret.conf.tpl", '{{ getSecret "password" }}\n');
    write(
      "workspace/jobs/api/_modules/command_secret.py",
      'import maand\nmaand.put_job_secret("password", "hunter2")\n',
    );
    write("workspace/jobs/api/_modules/command_ask.py", "");
    const demand = { executed_on: ["post_build"], demands: { job: "api", command: "command_ask" } };
    write("workspace/jobs/web/manifest.json", manifest({ command_own: demand }));
    write("workspace/jobs/web/_modules/command_own.py", "");
    write("workspace/jobs/web/Makefile", "start restart stop:\n\t@true\n");
  });

  it("names pre_deploy as the source of the value, and suggests --with-hooks", async () => {
    const { out, code } = await typed("deploy", "--build", "--dry-run");
    expect(out).toMatch(/^deploy dry-run: deployment required\n/);
    expect(out).toMatch(/these need pre_deploy first:\n {2}job "api": .*secret.conf.tpl:1.*"password"/);
    expect(out).toContain("maand deploy --dry-run --with-hooks");
    expect(out).not.toContain("cannot be planned");
    expect(code).toBe(0);
    expect((await typed("deploy", "--dry-run", "--exit-code")).code).toBe(4);
    const { undecided, failures } = JSON.parse((await typed("deploy", "--dry-run", "--json")).out);
    expect([undecided, failures]).toEqual([[{ job: "api", message: expect.stringContaining("password") }], []]);
  });

  it("does not report a dependent job as blocked, because the deploy does not block that job", async () => {
    const { out } = await typed("deploy", "--build", "--dry-run");
    expect(out).toContain('job "web": deploy required');
    expect(await typed("deploy")).toMatchObject({ code: 0 });
  });

  it("gives the same reason as maand why", async () => {
    await typed("build");
    const { out, code } = await typed("why", "api", "127.0.0.11");
    expect(code).toBe(0);
    expect(out).toMatch(/^api on 127.0.0.11 will be planned once its pre_deploy has run: .*"password".*--with-hooks/);
  });

  it("with --with-hooks shows the plan", async () => {
    const { out, code } = await typed("deploy", "--build", "--dry-run", "--with-hooks");
    expect(code).toBe(0);
    expect(out).toContain('job "api": deploy required');
    expect(out).not.toContain("first:");
  });

  it("still fails for a value that no pre_deploy can write", async () => {
    write("workspace/jobs/api/secret.conf.tpl", '{{ get "maand/job/api" "typo" }}\n');
    const { out, code } = await typed("deploy", "--build", "--dry-run");
    expect(code).toBe(1);
    expect(out).toMatch(/these cannot be planned:\n {2}job "api": .*"typo"/);
  });
});

describe("an unbuilt change", () => {
  const NEWER = /the workspace is newer than the build \(jobs\/api\): maand deploy --build includes it/;

  beforeEach(async () => {
    await typed("deploy", "--build");
    write("workspace/jobs/api/app.conf", "port = 2\n");
  });

  it("is named in the first and last line of a deploy, which does not include it", async () => {
    const { code, err } = await typed("deploy");
    const lines = err.trimEnd().split("\n");
    expect(code).toBe(0);
    expect(lines[0]).toMatch(NEWER);
    expect(lines.at(-1)).toMatch(/not included: changes since the last build \(jobs\/api\); maand deploy --build/);
    const again = await typed("deploy", "--build");
    expect(again.err).not.toMatch(/newer than the build|not included/);
    expect(again.err).toContain("restarted on 3 workers");
  });

  it("is named by a dry run, as text and as JSON", async () => {
    const { out } = await typed("deploy", "--dry-run");
    expect(out.split("\n")[1]).toMatch(NEWER);
    expect(out.trimEnd().split("\n").at(-1)).toContain("maand deploy --build includes them");
    expect(JSON.parse((await typed("deploy", "--dry-run", "--json")).out).unbuilt).toEqual(["jobs/api"]);
  });

  it.each([
    [["why", "api"], "err"],
    [["cat", "deployments"], "err"],
    [["doctor"], "out"],
  ] as const)("is reported by maand %j", async (argv, stream) => {
    expect((await typed(...argv))[stream]).toMatch(/newer than the build \(jobs\/api\)/);
  });

  it.each([
    ["a new job", () => write("workspace/jobs/web/manifest.json", "{}"), "jobs/api, jobs/web"],
    ["a deleted job", () => rmSync(join(root, "workspace/jobs/api"), { recursive: true }), "jobs/api"],
    ["a change of workers.json", () => write("workspace/workers.json", "[]"), "jobs/api, workers.json"],
    [
      "a drained worker",
      () => write("workspace/disabled.json", '{ "workers": ["127.0.0.11"] }'),
      "disabled.json, jobs/api",
    ],
    ["a variable", () => write("workspace/bucket.conf", 'x = "1"\n'), "bucket.conf, jobs/api"],
  ])("is reported if it is %s", async (_, edit, parts) => {
    edit();
    expect((await typed("why", "api")).err).toContain(`newer than the build (${parts})`);
  });

  it("is not reported if only the modification time of a file changed", async () => {
    write("workspace/jobs/api/app.conf", "port = 1\n");
    expect((await typed("why", "api")).err).toBe("");
  });
});

describe("files of a job that were deleted on a worker", () => {
  const HOST = "127.0.0.11";

  it.each(["restart", "status"])("are synced again by the deploy command that maand job %s suggests", async (verb) => {
    write("workspace/jobs/api/Makefile", "start restart stop status:\n\t@true\n");
    await typed("deploy", "--build");
    const worker = join(root, "data/local", HOST);
    const [home = ""] = readdirSync(worker);
    const makefile = join(worker, home, "jobs/api/Makefile");
    rmSync(makefile);
    const { code, err } = await typed("job", verb, "api", "--allocations", HOST);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("not deployed there") });
    expect((await typed("deploy", "--dry-run")).out).toContain(
      "its files on the worker differ from the promoted files",
    );
    expect(await typed("deploy")).toMatchObject({ code: 0 });
    expect(existsSync(makefile)).toBe(true);
    expect(await typed("job", verb, "api", "--allocations", HOST)).toMatchObject({ code: 0 });
  });

  it("are restored by deploy --force --sync-only, which runs no lifecycle command", async () => {
    await typed("deploy", "--build");
    const worker = join(root, "data/local", HOST);
    const [home = ""] = readdirSync(worker);
    const conf = join(worker, home, "jobs/api/app.conf");
    writeFileSync(conf, "edited\n");
    const { code, err } = await typed("deploy", "--force", "--sync-only", "--jobs", "api");
    expect(code).toBe(0);
    expect(err).not.toContain("ok restart");
    expect(readFileSync(conf, "utf8")).toBe("port = 1\n");
  });
});

describe("during a deploy", () => {
  let finish: () => Promise<void>;

  beforeEach(async () => {
    await typed("deploy", "--build");
    const [begun, go] = [join(root, "begun"), join(root, "go")];
    execFileSync("mkfifo", [begun, go]);
    write(
      "workspace/jobs/api/Makefile",
      `restart:\n\t@echo > ${begun}; cat ${go} > /dev/null\nstart stop status:\n\t@true\n`,
    );
    const manifest = { selectors: ["worker"], version: "1.1.0", max_concurrent_upgrades: 1 };
    write("workspace/jobs/api/manifest.json", JSON.stringify(manifest));
    await typed("build");
    const deployed = typed("deploy", "--jobs", "api");
    await readFile(begun);
    finish = async () => {
      for (let at = 0; at < 3; at += 1) {
        await writeFile(go, "");
        if (at < 2) await readFile(begun);
      }
      expect((await deployed).code).toBe(0);
    };
  });

  it.each([
    [["deploy", "--dry-run"], 'job "api": deploy required'],
    [["why", "api"], "api on 127.0.0.12 will be restarted: version"],
    [["job", "status", "api"], ""],
    [["logs", "show", "--tail", "5"], "event="],
  ])("maand %j prints its result", async (argv, expected) => {
    const { code, out, err } = await typed(...argv);
    await finish();
    expect({ code, err }).toEqual({ code: 0, err: expect.not.stringContaining("error") });
    expect(out).toContain(expected);
  });

  it("a dry run mentions the deploy, as text and as JSON", async () => {
    const { out } = await typed("deploy", "--dry-run");
    const { under_way } = JSON.parse((await typed("deploy", "--dry-run", "--json")).out);
    await finish();
    expect(out).toMatch(/warning: maand deploy \(pid \d+, since .*\) is running: this plan shows the current state/);
    expect(under_way).toMatchObject({ command: "deploy", pid: process.pid });
  });

  it("maand job status leaves the plan of a later deploy unchanged", async () => {
    await typed("job", "status", "api");
    await finish();
    expect((await typed("deploy", "--dry-run", "--exit-code")).code).toBe(0);
    const { err } = await typed("deploy");
    expect(err).not.toContain("files");
  });

  it("doctor reports no problem caused by the deploy", async () => {
    const { out } = await typed("doctor");
    await finish();
    expect(out).not.toMatch(/^wrong/m);
  });
});

describe("maand deploy --json", () => {
  it("prints text on stderr and the same events as JSON on stdout, one object per line", async () => {
    const { code, out, err } = await typed("deploy", "--build", "--json");
    expect(code).toBe(0);
    const events = out.trimEnd().split("\n");
    expect(JSON.parse(events.at(-1) ?? "")).toMatchObject({ type: "run.finished", outcome: "ok", promoted: 3 });
    expect(err).toContain("deploy done: 3 promoted");
  });

  it("prints an error as one JSON line on stdout", async () => {
    await typed("build");
    const { code, out } = await typed("deploy", "--sync-only", "--json");
    expect(code).toBe(2);
    const lines = out.trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      error: { code: "PROBLEMS", problems: [{ code: "needs_start", where: "job api" }] },
    });
  });
});
