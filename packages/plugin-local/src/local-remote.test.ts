import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Remote, secret } from "@maand/core";
import { createHooks, DEFAULT_SETTINGS } from "@maand/core/internal";
import { aWorker, connectContext } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { localEnvironment } from "./environment.ts";
import { local } from "./index.ts";

let bucket = "";
beforeEach(() => {
  bucket = mkdtempSync(join(tmpdir(), "maand-local-"));
});
afterEach(() => rmSync(bucket, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }));

function connect(transport: string | undefined = "local", settings = DEFAULT_SETTINGS): Promise<Remote | undefined> {
  const hooks = createHooks();
  local().apply(hooks);
  const worker = aWorker({ host: "127.0.0.11", ...(transport === undefined ? {} : { transport }) });
  const context = connectContext({ worker, settings, bucket: { id: "b1", root: bucket } });
  return hooks.connect.promise({ ...context, root: hooks.locate.call(context) ?? context.root });
}

async function connected(): Promise<Remote> {
  const remote = await connect();
  if (!remote) throw new Error("no tap returned a remote");
  return remote;
}

const sh = (script: string) => ["sh", "-c", script];
const there = (path: string) => vi.waitFor(() => expect(existsSync(path)).toBe(true), 10_000);

describe("the connect hook of the local plugin", () => {
  it("returns a remote with a private directory in the bucket for local workers", async () => {
    const remote = await connected();
    expect(remote).toMatchObject({ host: "127.0.0.11", transport: "local", sudo: false });
    expect(remote.root).toBe(join(bucket, "data/local/127.0.0.11/b1"));
    expect(statSync(remote.root).mode & 0o777).toBe(0o700);
    expect(statSync(join(bucket, "data/local")).mode & 0o777).toBe(0o700);
  });

  it("ignores other workers", async () => {
    expect(await connect("ssh")).toBeUndefined();
    const hooks = createHooks();
    local().apply(hooks);
    expect(hooks.locate.call(connectContext())).toBeUndefined();
    expect(existsSync(join(bucket, "data"))).toBe(false);
  });

  it("uses the bucket's transport if a worker sets none", async () => {
    const hooks = createHooks();
    local().apply(hooks);
    const context = connectContext({
      settings: { ...DEFAULT_SETTINGS, transport: "local" },
      bucket: { id: "b1", root: bucket },
    });
    expect(hooks.locate.call(context)).toBe(join(bucket, "data/local/10.0.0.1/b1"));
  });
});

describe("a command", () => {
  it("runs in the worker's directory, and its outputs are separate", async () => {
    const remote = await connected();
    const result = await remote.exec(sh("pwd; echo oh >&2"));
    expect(result).toMatchObject({ code: 0, stdout: `${remote.root}\n`, stderr: "oh\n" });
  });

  it("throws in exec if it fails, and returns its exit code in probe", async () => {
    const remote = await connected();
    expect(await remote.probe(sh("exit 7"))).toMatchObject({ code: 7 });
    await expect(remote.exec(sh("echo why >&2; exit 7"))).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      exit: 7,
      output: ["why"],
    });
  });

  it("exits with 127 if its program does not exist, and the error names a missing directory", async () => {
    const remote = await connected();
    const missing = await remote.probe(["no-such-tool"]);
    expect(missing).toMatchObject({ code: 127 });
    expect(missing.stderr).toContain("no-such-tool");
    await expect(remote.probe(["true"], { cwd: "/no/such" })).rejects.toThrow("there is no directory /no/such");
  });

  it("gets its arguments unchanged", async () => {
    const remote = await connected();
    const { stdout } = await remote.exec(["printf", "%s|", "a b", "$HOME", "'\"", secret("s3")]);
    expect(stdout).toBe("a b|$HOME|'\"|s3|");
  });

  it("reads its stdin, which is empty by default", async () => {
    const remote = await connected();
    expect((await remote.exec(["cat"], { stdin: "words" })).stdout).toBe("words");
    expect((await remote.exec(["cat"])).stdout).toBe("");
  });

  it("passes on its lines as they arrive", async () => {
    const remote = await connected();
    const lines: string[] = [];
    await remote.exec(sh("echo one; echo two >&2; printf three"), {
      onLine: (line, from) => lines.push(`${from} ${line}`),
    });
    expect(lines.sort()).toEqual(["stderr two", "stdout one", "stdout three"]);
  });

  it("may print more output than is kept", async () => {
    const remote = await connected();
    const { stdout } = await remote.exec(sh("head -c 5000000 /dev/zero | tr '\\0' x; printf end"));
    expect(stdout).toHaveLength(1024 * 1024);
    expect(stdout.endsWith("xend")).toBe(true);
  });

  it("gets a clean environment and the given variables", async () => {
    const own = { PATH: "/bin", HOME: "/root", LC_ALL: "C", AWS_SECRET_ACCESS_KEY: "s", EMPTY: undefined };
    expect(localEnvironment({ JOB: "api", TOKEN: secret("t") }, own)).toEqual({
      PATH: "/bin",
      HOME: "/root",
      LC_ALL: "C",
      JOB: "api",
      TOKEN: "t",
    });
  });

  it("is stopped, with its children, after its timeout", async () => {
    const remote = await connected();
    const running = remote.exec(sh("sh -c 'echo $$ > child; exec sleep 1000' & sleep 1000"), { timeoutMs: 300 });
    await expect(running).rejects.toMatchObject({ code: "TIMED_OUT" });
    await expect(running).rejects.toThrow("on 127.0.0.11 timed out after 0.3 s");
    await gone(Number(readFileSync(join(remote.root, "child"), "utf8")));
  });

  it("is stopped when the run is interrupted", async () => {
    const remote = await connected();
    const interruption = new AbortController();
    const running = remote.probe(sh("touch here; sleep 1000"), { signal: interruption.signal });
    await there(join(remote.root, "here"));
    interruption.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(remote.probe(["true"], { signal: interruption.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });

  it("causes no warning when it shares the run's signal with many others", async () => {
    const remote = await connected();
    const warned = vi.fn();
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 12 }, () => remote.exec(["true"], { signal, timeoutMs: 1e12 })));
    expect(warned).not.toHaveBeenCalled();
  });

  it("can be stopped with a stop word", async () => {
    const remote = await connected();
    const interruption = new AbortController();
    const script = "touch here; read word; echo $word > received";
    const running = remote.probe(sh(script), { signal: interruption.signal, stopWord: "end\n" });
    await there(join(remote.root, "here"));
    interruption.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(readFileSync(join(remote.root, "received"), "utf8")).toBe("end\n");
  });

  it("is killed if it ignores SIGTERM", async () => {
    const remote = await connected();
    const options = { timeoutMs: 200, graceMs: 100, stopWord: "end\n" };
    await expect(
      remote.exec(sh("trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done"), options),
    ).rejects.toThrow();
    await gone(Number(readFileSync(join(remote.root, "pid"), "utf8")));
  });

  it("ends even if a child keeps its output open", async () => {
    const remote = await connected();
    const { stdout } = await remote.exec(sh("sleep 1000 & echo $!"));
    process.kill(Number(stdout), "SIGKILL");
  });

  it("is disconnected when the remote is closed, and no command starts afterwards", async () => {
    const remote = await connected();
    const running = remote.exec(sh("echo $$ > pid; exec sleep 1000"));
    await there(join(remote.root, "pid"));
    await Promise.all([
      remote.close(),
      remote.close(),
      expect(running).rejects.toMatchObject({ code: "DISCONNECTED" }),
    ]);
    await expect(remote.exec(["true"])).rejects.toMatchObject({ code: "UNREACHABLE" });
    process.kill(Number(readFileSync(join(remote.root, "pid"), "utf8")), "SIGKILL");
  });
});

describe("a stream", () => {
  it("transfers data in both directions and returns the exit code", async () => {
    const { io, stderr, exit } = await (await connected()).stream(sh("cat; echo oh >&2; exit 3"));
    io.end("to and fro");
    expect(await Promise.all([text(io), text(stderr), exit])).toEqual(["to and fro", "oh\n", 3]);
  });

  it("can be closed at any time", async () => {
    const { io, exit, destroy } = await (await connected()).stream(["sleep", "1000"]);
    io.on("error", () => {});
    destroy();
    expect(await exit).toBeNull();
  });
});

function gone(pid: number) {
  return vi.waitFor(() => {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ") Z";
    expect(stat.split(") ")[1]).toMatch(/^Z/);
  });
}
