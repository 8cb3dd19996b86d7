import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { programRemote, type Remote } from "@maand/core";
import {
  aWorker,
  connectContext,
  createHooks,
  preflightContext,
  reconcileContext,
  stageContext,
} from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openssh } from "./index.ts";

/** A fake ssh that records its calls, represents the master as a file, and runs the command on this machine. */
const FAKE = `#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/calls"
for word; do
  case $word in
  ControlPath=*) socket=\${word#ControlPath=} ;;
  ControlMaster=yes)
    test ! -e "$here/refused" || { cat "$here/refused" >&2; exit 255; }
    : > "$socket"; exit 0 ;;
  check) test -e "$socket"; exit ;;
  exit) rm "$socket"; exit ;;
  esac
  last=$word
done
exec sh -c "$last"
`;

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "openssh-"));
  write("bin/ssh", FAKE, 0o755);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true });
});

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(place, path)), { recursive: true });
  writeFileSync(join(place, path), text);
  chmodSync(join(place, path), mode);
}

const calls = () => readFileSync(join(place, "bin/calls"), "utf8");
const socketOf = (words: string) => /ControlPath=(\S+)/.exec(words)?.[1] ?? "";

async function hooksOf() {
  const hooks = createHooks();
  await openssh({ program: join(place, "bin/ssh") }).apply(hooks);
  return hooks;
}

async function connected(over: Parameters<typeof connectContext>[0] = {}): Promise<Remote> {
  const hooks = await hooksOf();
  const remote = await hooks.connect.promise(connectContext({ bucket: { id: "b1", root: "/my bucket" }, ...over }));
  if (!remote) throw new Error("no plugin connects");
  return remote;
}

describe("connecting", () => {
  it("never prompts, and trusts only the bucket's known_hosts", async () => {
    const remote = await connected();
    await remote.close();
    expect(calls()).toContain("-o BatchMode=yes -o StrictHostKeyChecking=accept-new");
    expect(calls()).toContain('UserKnownHostsFile="/my bucket/secrets/known_hosts" -o GlobalKnownHostsFile=/dev/null');
    expect(calls()).toContain('IdentityFile="/my bucket/secrets/worker.key"');
    expect([remote.root, remote.sudo, remote.transport]).toEqual(["/opt/worker/b1", true, "openssh"]);
  });

  it("uses the port, user and key of the worker", async () => {
    const worker = aWorker({ host: "10.0.0.7", port: 2222, user: "root", identity: "/keys/100%" });
    const remote = await connected({ worker });
    await remote.close();
    expect(calls()).toContain('IdentityFile="/keys/100%%"');
    expect(calls()).toContain("-o Port=2222 -o User=root");
    expect(calls()).toContain(" -- 10.0.0.7\n");
    expect(remote.sudo).toBe(false);
  });

  it("keeps its socket in a private directory with a short path, and deletes it with the master", async () => {
    const remote = await connected();
    const socket = socketOf(calls());
    expect(socket.length).toBeLessThan(80);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    await remote.close();
    expect(calls()).toMatch(/-O exit -- 10\.0\.0\.1\n$/);
    expect(existsSync(dirname(socket))).toBe(false);
  });

  it.each([
    ["Host key verification failed.", "HOST_KEY_CHANGED"],
    ["agent@10.0.0.1: Permission denied (publickey).", "AUTH_FAILED"],
    ["ssh: connect to host 10.0.0.1 port 22: Connection refused", "UNREACHABLE"],
  ])("reports why it cannot connect: %s", async (printed, code) => {
    write("bin/refused", `${printed}\n`);
    const message = `cannot reach 10.0.0.1: ${printed}`;
    await expect(connected()).rejects.toMatchObject({ code, worker: "10.0.0.1", message });
    expect(existsSync(dirname(socketOf(calls())))).toBe(false);
  });

  it("ignores workers with another transport", async () => {
    const hooks = await hooksOf();
    expect(await hooks.connect.promise(connectContext({ worker: aWorker({ transport: "local" }) }))).toBeUndefined();
  });

  it("requires its tools on its own workers only", async () => {
    const hooks = await hooksOf();
    const others = preflightContext();
    await hooks.preflight.promise(others);
    const own = preflightContext({ remote: await connected() });
    await hooks.preflight.promise(own);
    await own.remote.close();
    expect([others.tools, own.tools]).toEqual([[], ["timeout", "tar", "find", "cmp", "sudo"]]);
  });
});

describe("running commands", () => {
  it("passes every argument unchanged", async () => {
    const remote = await connected();
    expect((await remote.exec(["printf", "%s|", "a b", "$HOME", "'"])).stdout).toBe("a b|$HOME|'|");
    await remote.close();
  });

  it("distinguishes a command that exits with 255 from a lost connection", async () => {
    const remote = await connected();
    expect((await remote.probe(["sh", "-c", "exit 255"])).code).toBe(255);
    rmSync(socketOf(calls()));
    await expect(remote.probe(["sh", "-c", "exit 255"])).rejects.toMatchObject({ code: "DISCONNECTED" });
    await remote.close();
  });
});

describe("syncing files", () => {
  const at = (path: string) => join(place, "worker", path);
  const remote = () =>
    programRemote({
      host: "10.0.0.1",
      root: join(place, "worker"),
      transport: "openssh",
      sudo: false,
      timeoutMs: 20_000,
      program: (argv) => ["env", ...argv],
    });

  async function stage(jobs: readonly string[], over: Parameters<typeof stageContext>[0] = {}): Promise<void> {
    const hooks = await hooksOf();
    const sources = [join(place, "one"), join(place, "two")].filter((path) => existsSync(path));
    expect(await hooks.stage.promise(stageContext({ remote: remote(), sources, jobs, ...over }))).toBe("done");
  }

  it("merges the sources with the modes of their files, and prefers the first source", async () => {
    write("one/jobs/api/run.sh", "one", 0o755);
    write("one/jobs/api/key", "k", 0o600);
    write("two/jobs/api/run.sh", "two");
    write("two/worker.json", "{}");
    write("two/bin/runner.py", "py");
    await stage(["api"]);
    expect([readFileSync(at("jobs/api/run.sh"), "utf8"), readFileSync(at("worker.json"), "utf8")]).toEqual([
      "one",
      "{}",
    ]);
    expect(statSync(at("jobs/api/run.sh")).mode & 0o777).toBe(0o755);
    expect(statSync(at("jobs/api/key")).mode & 0o777).toBe(0o600);
    expect(statSync(at("jobs/api")).mode & 0o777).toBe(0o755);
    expect(readdirSync(at("")).sort()).toEqual(["bin", "jobs", "worker.json"]);
  });

  it("deletes files that a job no longer has, and keeps its data and the files of other jobs", async () => {
    write("worker/jobs/api/old/deep/file", "x");
    write("worker/jobs/api/data/db/file", "kept");
    write("worker/jobs/api/logs/old", "kept");
    write("worker/jobs/other/old", "kept");
    write("worker/bin/tool", "kept");
    write("one/jobs/api/Makefile", "new");
    write("one/jobs/api/data/nonsense", "never sent");
    await stage(["api"]);
    expect(readdirSync(at("jobs/api")).sort()).toEqual(["Makefile", "data", "logs"]);
    expect(readdirSync(at("jobs/api/data"))).toEqual(["db"]);
    expect(existsSync(at("jobs/other/old")) && existsSync(at("bin/tool"))).toBe(true);
  });

  it("replaces changed files by renaming, and does not touch equal files", async () => {
    write("worker/jobs/api/same", "same");
    write("worker/jobs/api/mode", "mode", 0o600);
    write("worker/jobs/api/text", "old text");
    const before = ["same", "text"].map((name) => statSync(at(`jobs/api/${name}`)).ino);
    for (const [name, text] of Object.entries({ same: "same", mode: "mode", text: "new text" }))
      write(`one/jobs/api/${name}`, text);
    await stage(["api"]);
    const after = ["same", "text"].map((name) => statSync(at(`jobs/api/${name}`)).ino);
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false]);
    expect(statSync(at("jobs/api/mode")).mode & 0o777).toBe(0o644);
  });

  it("replaces directories with files and files with directories, without following links", async () => {
    write("elsewhere/file", "safe");
    write("worker/jobs/api/a/file", "x");
    write("worker/jobs/api/b", "x");
    symlinkSync(join(place, "elsewhere"), at("jobs/api/c"));
    write("one/jobs/api/a", "file now");
    write("one/jobs/api/b/file", "directory now");
    write("one/jobs/api/c/file", "not elsewhere");
    await stage(["api"]);
    expect([lstatSync(at("jobs/api/a")).isFile(), lstatSync(at("jobs/api/c")).isDirectory()]).toEqual([true, true]);
    expect(readFileSync(join(place, "elsewhere/file"), "utf8")).toBe("safe");
  });

  it.each(["with blank", "-dash", "quo'te\"", "back\\slash", "ümläut", "st*r[s]", "$(touch x)"])(
    "syncs a file with the name %s",
    async (name) => {
      write(`one/jobs/api/${name}`, "x");
      write(`worker/jobs/api/old ${name}`, "x");
      await stage(["api"]);
      expect(readdirSync(at("jobs/api"))).toEqual([name]);
    },
  );

  it("changes nothing if the transfer is incomplete", async () => {
    write("one/jobs/api/Makefile", "new");
    write("worker/jobs/api/Makefile", "old");
    write("worker/jobs/api/gone", "still here");
    const sources = [join(place, "one"), join(place, "nowhere")];
    await expect(stage(["api"], { sources })).rejects.toMatchObject({
      code: "STAGE_FAILED",
      message: expect.stringContaining("sync of files to 10.0.0.1 failed: tar: "),
    });
    write("bin/tar", `#!/bin/sh\n$(PATH=\${PATH#*:} command -v tar) "$@"; test "$1" = -x || exit 1\n`, 0o755);
    vi.stubEnv("PATH", `${join(place, "bin")}:${process.env.PATH}`);
    await expect(stage(["api"])).rejects.toMatchObject({ code: "STAGE_FAILED" });
    expect(readdirSync(at("jobs/api")).sort()).toEqual(["Makefile", "gone"]);
    expect(readFileSync(at("jobs/api/Makefile"), "utf8")).toBe("old");
  });

  it("ignores workers with another transport", async () => {
    const hooks = await hooksOf();
    expect(await hooks.stage.promise(stageContext())).toBeUndefined();
    expect(await hooks.reconcile.promise(reconcileContext({ action: { kind: "remove" } }))).toBeUndefined();
  });

  it("deletes a removed job's files except data and logs", async () => {
    write("worker/jobs/api/Makefile", "x");
    write("worker/jobs/api/data/db", "x");
    const hooks = await hooksOf();
    const context = reconcileContext({ remote: remote(), action: { kind: "remove" } });
    expect(await hooks.reconcile.promise(context)).toBe("done");
    expect(readdirSync(at("jobs/api"))).toEqual(["data"]);
    rmSync(at("jobs/api/data"), { recursive: true });
    await hooks.reconcile.promise(context);
    await hooks.reconcile.promise(context);
    expect(existsSync(at("jobs/api"))).toBe(false);
  });
});
