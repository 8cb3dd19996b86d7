import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { executedOn, notesOf, scripts } from "../../support/bucket/scripts.ts";
import { run } from "../../support/fleet/command.ts";
import { ensureGuest, GUEST } from "../../support/fleet/guest.ts";
import { until } from "../../support/fleet/index.ts";

let bucket: Scratch;
beforeEach(async () => {
  bucket = await scratch('transport = "local"\n');
  bucket.workers({ host: "127.0.0.11" }, { host: "127.0.0.12" });
});
afterEach(() => bucket.dispose());

/** Writes a job with one command for an event. */
function job(event: string, script: string, more: Readonly<Record<string, unknown>> = {}): void {
  bucket.job(
    "api",
    { version: "1.0.0", selectors: ["worker"], commands: executedOn({ command_try: [event] }), ...more },
    scripts({ command_try: script }),
  );
}

const kv = async (key: string) => (await bucket.maand("cat", "kv", "get", "vars/job/api", key, "--json")).stdout;

describe("the script of a job command", () => {
  it("stores all of its KV entries if it succeeds, and none if it fails", async () => {
    job(
      "pre_deploy",
      `
call("PUT", "/kv", namespace=VARS, key="from-" + E["ALLOCATION_INDEX"], value="1")
if E["ALLOCATION_INDEX"] == "1":
    raise SystemExit("no")
`,
    );
    bucket.job("web", { selectors: ["worker"] });
    const { code } = await bucket.maand("deploy", "--build");
    expect(code).toBe(1);
    expect(await kv("from-0")).toContain('"value": "1"');
    expect(await kv("from-1")).toContain("NOT_FOUND");
    const rows = await bucket.json<{ job: string; rollout: string }[]>("cat", "deployments");
    expect(rows.map(({ job, rollout }) => `${job} ${rollout}`)).toEqual([
      "api new",
      "api new",
      "web promoted",
      "web promoted",
    ]);
  });

  it("can print a megabyte without a newline", async () => {
    job("pre_deploy", 'print("x" * 1000000)\nprint("after")');
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect([code, stderr.includes("[line cut]"), stderr.includes("| after")]).toEqual([0, true, true]);
    expect(stderr.length).toBeLessThan(100_000);
  });

  it("is stopped with its children at its timeout", async () => {
    job(
      "pre_deploy",
      'import subprocess\nchild = subprocess.Popen(["sleep", "1000"])\nnote(str(child.pid))\nchild.wait()',
      {
        timeout_seconds: 1,
      },
    );
    const { code, stderr } = await bucket.maand("deploy", "--build");
    const both = "127.0.0.11, 127.0.0.12";
    expect(code).toBe(1);
    expect(stderr).toContain(`command_try (pre_deploy) of api for ${both} timed out after 1 s`);
    expect(notesOf(bucket)).toHaveLength(2);
    for (const pid of notesOf(bucket)) expect(await isRunning(Number(pid))).toBe(false);
  });

  it("is stopped with its children by Ctrl-C, and the run exits with 130", async () => {
    job(
      "pre_deploy",
      'import subprocess\nchild = subprocess.Popen(["sleep", "1000"])\nprint("waiting", flush=True)\nnote(str(child.pid))\nchild.wait()',
    );
    await bucket.maand("build");
    const running = bucket.start(["deploy"]);
    await running.prints("waiting");
    const [pid] = await until("the id of the child process", () =>
      notesOf(bucket).length > 0 ? notesOf(bucket) : undefined,
    );
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
    expect(await isRunning(Number(pid))).toBe(false);
    expect(readdirSync(join(bucket.root, "tmp"))).toEqual([]);
  });

  it("is stopped immediately by a second Ctrl-C, even if it ignores signals", async () => {
    job(
      "pre_deploy",
      'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint("waiting", flush=True)\nnote(str(os.getpid()))\ntime.sleep(1000)',
    );
    await bucket.maand("build");
    const running = bucket.start(["deploy"]);
    await running.prints("waiting");
    const [pid] = await until("the id of the script", () => (notesOf(bucket).length > 0 ? notesOf(bucket) : undefined));
    running.kill("SIGINT");
    await running.prints("interrupted");
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
    await until("the script to end", async () => ((await isRunning(Number(pid))) ? undefined : true));
  });

  it("can fork, close its output and print binary data", async () => {
    job(
      "pre_deploy",
      `
import subprocess, sys
subprocess.Popen(["sleep", "1000"])
sys.stdout.buffer.write(bytes(range(256)) * 100)
sys.stdout.flush()
os.close(1)
os.close(2)
`,
    );
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  });

  it("loses its semaphore if it is killed", async () => {
    job(
      "after_allocation_started",
      `
call("POST", "/semaphore/acquire", name="m", timeout_seconds=20)
note(IP)
os.kill(os.getpid(), 9)
`,
    );
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect([code, stderr.includes("failed with exit code 137")]).toEqual([1, true]);
    expect(notesOf(bucket).sort()).toEqual(["127.0.0.11", "127.0.0.12"]);
  });

  it("cannot store anything during a health check", async () => {
    job("health_check", 'note(str(ask("PUT", "/kv", namespace=VARS, key="a", value="1")[0]))');
    await bucket.maand("deploy", "--build");
    expect(new Set(notesOf(bucket))).toEqual(new Set(["400"]));
  });

  it("is repeated during a health check according to the manifest", async () => {
    job("health_check", 'note(IP)\nraise SystemExit("sick")', {
      health_check: { wait: { attempts: 2, interval_seconds: 0.01 } },
    });
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect([code, stderr.includes("after 2 attempts")]).toEqual([1, true]);
    expect(notesOf(bucket)).toHaveLength(4);
    expect((await bucket.maand("health_check", "--jobs", "api")).stdout).toContain("health check failed: api");
    expect(notesOf(bucket)).toHaveLength(6);
  });
});

describe("maand jobcommand", () => {
  it("runs a command for all allocations, marks the disabled ones, and names failures", async () => {
    job(
      "cli",
      'note(IP + " " + E["DISABLED"])\ncall("PUT", "/kv", namespace=VARS, key=E["ALLOCATION_INDEX"], value="1")\nif there("fail"): raise SystemExit("fails on request")',
    );
    bucket.disable({ jobs: { api: { allocations: ["127.0.0.12"] } } });
    await bucket.maand("build");
    expect(await bucket.maand("jobcommand", "command_try", "api")).toMatchObject({ code: 0 });
    expect(notesOf(bucket)).toEqual(["127.0.0.11 0", "127.0.0.12 1"]);
    expect(await kv("1")).toContain('"value": "1"');
    bucket.write("fail", "");
    const failed = await bucket.maand("job_command", "command_try", "--concurrency", "2");
    expect(failed.code).toBe(1);
    const both = "127.0.0.11, 127.0.0.12";
    expect(failed.stderr).toContain(`command_try (cli) of api for ${both} failed with exit code 1: fails on request`);
  });

  it("reports a job without workers, and runs nothing", async () => {
    job("cli", "note(IP)", { selectors: ["nowhere"] });
    await bucket.maand("build");
    const { code, stderr } = await bucket.maand("jobcommand", "command_try", "api");
    expect([code, stderr]).toEqual([0, expect.stringContaining("command_try was not run: api is on no worker")]);
    expect(notesOf(bucket)).toEqual([]);
  });

  it("refuses unknown names and invalid numbers", async () => {
    job("cli", "pass");
    bucket.job("web", { selectors: ["worker"] });
    await bucket.maand("build");
    for (const line of [
      ["command_tri"],
      ["command_try", "web"],
      ["command_try", "nobody"],
      ["command_try", "--concurrency", "0"],
    ]) {
      const { code, stderr } = await bucket.maand("jobcommand", ...line);
      expect([line, code], stderr).toEqual([line, 2]);
    }
    expect((await bucket.maand("jobcommand", "command_tri")).stderr).toContain('did you mean "command_try"');
  });
});

it("two buckets that deploy in parallel never mix their data", async () => {
  const other = await scratch('transport = "local"\n');
  try {
    const script = (name: string) => `
open(os.path.join(root(), "ready"), "a").close()
wait_for(lambda: there("go"))
for turn in range(20):
    call("PUT", "/kv", namespace=VARS, key="mine", value="${name}")
    if call("GET", "/kv", namespace=VARS, key="mine")["value"] != "${name}":
        raise SystemExit("mixed")
    call("POST", "/semaphore/acquire", name="m", timeout_seconds=20)
`;
    for (const [name, of] of [
      ["one", bucket],
      ["two", other],
    ] as const) {
      of.workers({ host: "127.0.0.11" });
      of.job(
        "api",
        { selectors: ["worker"], commands: executedOn({ command_try: ["pre_deploy"] }) },
        scripts({ command_try: script(name) }),
      );
      expect(await of.maand("build")).toMatchObject({ code: 0 });
    }
    const both = [bucket, other].map((of) => of.start(["deploy"]));
    for (const of of [bucket, other]) await until("the script", () => readdirSync(of.root).includes("ready"));
    for (const of of [bucket, other]) of.write("go", "");
    for (const running of both) expect(await running.ended).toMatchObject({ code: 0 });
    for (const [name, of] of [
      ["one", bucket],
      ["two", other],
    ] as const)
      expect(await of.json("cat", "kv", "get", "vars/job/api", "mine")).toMatchObject({ value: name });
  } finally {
    other.dispose();
  }
});

it("another user of this machine cannot read or write anything while a script runs", async () => {
  await ensureGuest();
  job(
    "pre_deploy",
    `
note(E["JOB_COMMAND_API_PORT"] + " " + str(os.getpid()) + " " + os.getcwd())
call("PUT", "/kv/secret", namespace=SECRETS, key="password", value="very-" + "secret-indeed")
wait_for(lambda: there("go"), 50)
`,
  );
  await run(["chmod", "755", bucket.root]);
  await bucket.maand("build");
  const running = bucket.start(["deploy"]);
  const [line = ""] = await until("the script", () => (notesOf(bucket).length > 0 ? notesOf(bucket) : undefined));
  const [port = "", pid = "", cwd = ""] = line.split(" ");
  const token = /JOB_COMMAND_API_TOKEN=([^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, "latin1"))?.[1] ?? "";
  expect(token).not.toBe("");
  const guest = (script: string) =>
    run(["setpriv", `--reuid=${GUEST}`, `--regid=${GUEST}`, "--clear-groups", "sh", "-c", script]);
  const spied = await guest(`
    ls "${cwd}"; cat "${cwd}/command_try.py"; ls "${bucket.root}/tmp"; ls "${bucket.root}/secrets"; cat "${bucket.root}/data/maand.db"
    cat /proc/${pid}/environ; ls -l /proc/${pid}/fd; cat /proc/${pid}/cmdline
    cd "${bucket.root}"; find tmp data logs secrets /tmp/jiti -type f -exec cat {} +`);
  expect(spied.stdout).not.toContain("very-secret-indeed");
  expect(spied.stdout).not.toContain(token);
  expect(spied.stdout).not.toContain("from script_library");
  const client = `import sys, urllib.request, urllib.error
for method, path, headers in (
    ("GET", "/kv?namespace=secrets/job/api&key=password", {}),
    ("GET", "/kv/keys", {"X-ALLOCATION-ID": "x", "EVENT": "cli", "COMMAND": "command_try"}),
    ("GET", "/kv/keys", {"Authorization": "Bearer " + "A" * 43}),
    ("PUT", "/kv", {}),
    ("POST", "/worker/run", {}),
):
    data = None if method == "GET" else b'{"namespace":"vars/job/api","key":"a","value":"1","worker_ip":"127.0.0.11","command":"id"}'
    try:
        urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:${port}" + path, method=method, headers=headers, data=data))
        print("let in")
    except urllib.error.HTTPError as refused:
        print(refused.code)
`;
  const requests = await run([
    "setpriv",
    `--reuid=${GUEST}`,
    `--regid=${GUEST}`,
    "--clear-groups",
    "/usr/bin/python3",
    "-c",
    client,
  ]);
  expect(requests.stdout.trim().split("\n"), requests.stderr).toEqual(Array(5).fill("401"));
  bucket.write("go", "");
  expect(await running.ended).toMatchObject({ code: 0 });
  expect(await kv("a")).toContain("NOT_FOUND");
});

async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await run(["ps", "-o", "stat=", "-p", String(pid)]);
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}
