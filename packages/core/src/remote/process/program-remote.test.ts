import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { Remote } from "../remote.ts";
import { secret } from "../secret.ts";
import { type ProgramRemoteParts, programRemote } from "./program-remote.ts";

/** `env` replaces the program: it runs its arguments here, as ssh would on the worker. */
const open: Remote[] = [];
function remote(over: Partial<ProgramRemoteParts> = {}): Remote {
  const made = programRemote({
    host: "10.0.0.1",
    root: "/tmp",
    transport: "env",
    sudo: false,
    timeoutMs: 20_000,
    program: (argv) => ["env", ...argv],
    ...over,
  });
  open.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((made) => made.close()));
});

describe("a remote over a program", () => {
  it("runs a command with its input, its variables and its directory", async () => {
    const env = { PLAIN: "a b", HIDDEN: secret("s3\ncret") };
    const script = 'printf "%s|%s|%s|%s" "$PLAIN" "$HIDDEN" "$(pwd)" "$(cat)"';
    const result = await remote().exec(["sh", "-c", script], { env, cwd: "/", stdin: "given" });
    expect(result).toMatchObject({ code: 0, stdout: "a b|s3\ncret|/|given", stderr: "" });
  });

  it("shows no secret in ps or in an error", async () => {
    const seen: string[] = [];
    const spy = remote({
      program: (argv) => {
        seen.push(argv.join(" "));
        return ["env", ...argv];
      },
    });
    const failing = spy.exec(["sh", "-c", "exit 3"], { env: { TOKEN: secret("open-sesame") } });
    await expect(failing).rejects.toMatchObject({ code: "COMMAND_FAILED", exit: 3, worker: "10.0.0.1" });
    expect(seen.join()).not.toContain("open-sesame");
  });

  it("returns the exit code, streams lines, and keeps the error output separate", async () => {
    const lines: string[] = [];
    const script = "echo out; echo err >&2; exit 7";
    const onLine = (line: string, stream: string) => void lines.push(`${stream} ${line}`);
    const { code, stdout, stderr } = await remote().probe(["sh", "-c", script], { onLine });
    expect([code, stdout, stderr]).toEqual([7, "out\n", "err\n"]);
    expect(lines.sort()).toEqual(["stderr err", "stdout out"]);
  });

  it("passes asRoot on to the program", async () => {
    const calls: boolean[] = [];
    const program: ProgramRemoteParts["program"] = (argv, { asRoot }) => {
      calls.push(asRoot);
      return ["env", ...argv];
    };
    await remote({ program }).exec(["true"], { asRoot: true });
    await remote({ program }).exec(["true"]);
    expect(calls).toEqual([true, false]);
  });

  it("uses sudo on the worker only if it is enabled", async () => {
    const seen: (readonly string[])[] = [];
    const program: ProgramRemoteParts["program"] = (argv) => {
      seen.push(argv);
      return ["env", ...(argv[0] === "sudo" ? argv.slice(3) : argv)];
    };
    await remote({ program, sudo: true }).exec(["id"], { asRoot: true });
    await remote({ program, sudo: true }).exec(["id"]);
    expect(seen.map(([first]) => first)).toEqual(["sudo", "sh"]);
  });

  it("stops a command after its timeout", async () => {
    const late = remote().exec(["sleep", "100"], { timeoutMs: 300, graceMs: 2_000 });
    await expect(late).rejects.toMatchObject({ code: "TIMED_OUT", message: expect.stringContaining("after 0.3 s") });
  });

  it("stops an interrupted command on the worker, not only the local program", async () => {
    const stop = new AbortController();
    const script = "trap 'echo stopping; exit 1' TERM; echo ready; while :; do sleep 0.05; done";
    const lines: string[] = [];
    const onLine = (line: string, stream: string) => {
      if (stream === "stdout") lines.push(line);
      if (line === "ready") stop.abort();
    };
    await expect(remote().exec(["sh", "-c", script], { signal: stop.signal, onLine })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(lines).toEqual(["ready", "stopping"]);
  });

  it("sends the stop word to a command that has one", async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      if (line === "ready") stop.abort();
    };
    const script = "echo ready; read -r word; echo got $word";
    const calls = remote().exec(["sh", "-c", script], { signal: stop.signal, stopWord: "stop\n", onLine });
    await expect(calls).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(lines).toEqual(["ready", "got stop"]);
  });

  it("distinguishes an unreachable worker from a lost connection", async () => {
    const lost = (code: number) => code === 255;
    const never = remote({ lost, program: () => ["sh", "-c", "echo no route >&2; exit 255"] });
    await expect(never.exec(["true"])).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: "cannot reach 10.0.0.1: no route",
    });
    await expect(remote({ lost }).exec(["sh", "-c", "exit 255"])).rejects.toMatchObject({ code: "DISCONNECTED" });
    await expect(remote().probe(["sh", "-c", "exit 255"])).resolves.toMatchObject({ code: 255 });
  });

  it("drops the output of a login before the command, on both streams", async () => {
    const noisy = remote({
      program: (argv) => ["sh", "-c", 'printf Welcome; echo noise >&2; exec "$@"', "sh", ...argv],
    });
    const lines: string[] = [];
    const onLine = (line: string) => void lines.push(line);
    const script = "echo out; echo err >&2";
    expect(await noisy.exec(["sh", "-c", script], { onLine })).toMatchObject({ stdout: "out\n", stderr: "err\n" });
    expect(lines.sort()).toEqual(["err", "out"]);
    const { io, stderr, exit } = await noisy.stream(["sh", "-c", script]);
    expect([await text(io), await text(stderr), await exit]).toEqual(["out\n", "err\n", 0]);
  });

  it("returns the complete output of a stream whose program ends before its first line arrives", async () => {
    const whenEnded = "exec > >(while kill -0 $$ 2>&-; do :; done; cat)"; // cat passes stdout on after the end of bash
    const late = remote({ program: (argv) => ["bash", "-c", `${whenEnded}; exec "$@"`, "bash", ...argv] });
    const { io, stderr, exit } = await late.stream(["sh", "-c", "echo out; echo err >&2"]);
    expect([await text(io), await text(stderr), await exit]).toEqual(["out\n", "err\n", 0]);
  });

  it("reports why the command did not start", async () => {
    const nologin = remote({ user: "ops", program: () => ["sh", "-c", "echo not available; exit 1"] });
    const expected = { code: "AUTH_FAILED", message: expect.stringMatching(/"ops".*printed "not available"/) };
    await expect(nologin.probe(["true"])).rejects.toMatchObject(expected);
    await expect(nologin.stream(["true"])).rejects.toMatchObject(expected);
  });

  it("uses the command's title in messages", async () => {
    const failing = remote().exec(["sh", "-c", "exit 3"], { title: "the check" });
    await expect(failing).rejects.toMatchObject({ message: "the check on 10.0.0.1 exited with code 3" });
  });

  it("reports a missing program", async () => {
    await expect(remote({ program: () => ["/nowhere/ssh"] }).exec(["true"])).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("ENOENT"),
    });
  });

  it("returns the streams of a command, and its exit code", async () => {
    const { io, exit } = await remote().stream(["sh", "-c", "cat; exit 4"]);
    io.end("back and forth");
    expect(await text(io)).toBe("back and forth");
    expect(await exit).toBe(4);
  });

  it("does not report a lost connection after it has stopped a stream itself", async () => {
    const stop = new AbortController();
    let calls = 0;
    const lost = () => {
      calls++;
      return true;
    };
    const script = "trap 'exit 255' TERM; echo ready; while :; do sleep 0.05; done";
    const { io, exit } = await remote({ lost }).stream(["sh", "-c", script], { signal: stop.signal });
    io.once("data", () => stop.abort());
    expect([await exit, calls]).toEqual([null, 0]);
  });

  it("ends running commands when it is closed, and starts no command afterwards", async () => {
    let closed = 0;
    const one = remote({ close: async () => void closed++ });
    const stream = await one.stream(["cat"]);
    const running = one.exec(["sh", "-c", "echo ready; sleep 100"], { onLine: () => void one.close() });
    await expect(running).rejects.toMatchObject({ code: "DISCONNECTED" });
    expect(await stream.exit).toBeNull();
    await one.close();
    expect(closed).toBe(1);
    await expect(one.exec(["true"])).rejects.toMatchObject({ code: "UNREACHABLE" });
  });
});
