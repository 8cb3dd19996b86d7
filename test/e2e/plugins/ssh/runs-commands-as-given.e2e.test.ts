import { readFileSync } from "node:fs";
import { type ExecResult, type Remote, secret } from "@maand/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FleetWorker, remotesFor, until, withFleet } from "../../../support/fleet/index.ts";
import { failure, useFleet } from "../../../support/fleet/use-fleet.ts";

const { fleet } = useFleet(2);
let worker: FleetWorker;
beforeAll(() => {
  [worker] = fleet().workers as [FleetWorker];
});

const NASTY = [
  "",
  " ",
  "a b",
  "'",
  '"',
  "$HOME",
  "`id`",
  "$(id)",
  "\\",
  "\\n",
  "a\nb",
  "*",
  "~",
  "!!",
  "#x",
  "-n",
  "ü→😀",
  "%s",
  ";true",
  "\t",
];

describe("a remote", () => {
  let remote: Remote;
  beforeAll(async () => {
    remote = await remotesFor(fleet()).connect(worker);
  });
  afterAll(() => remote.close());

  test("returns the output from exec and the exit code from probe, and reports a failed exec", async () => {
    expect(await remote.exec(["echo", "hi"])).toMatchObject({ code: 0, stdout: "hi\n", stderr: "" });
    expect(await remote.probe(["sh", "-c", "echo no >&2; exit 3"])).toMatchObject({ code: 3, stderr: "no\n" });
    const error = await failure(remote.exec(["sh", "-c", "echo no >&2; exit 3"]));
    expect(error).toMatchObject({ code: "COMMAND_FAILED", exit: 3, worker: worker.host, output: ["no"] });
    expect((await remote.probe(["sh", "-c", "kill -9 $$"])).code).toBe(137);
    expect((await remote.probe(["no-such-program"])).code).toBe(127);
  });

  test.each([true, false])("passes arguments, variables and directories unchanged (as root: %s)", async (asRoot) => {
    const print = ["sh", "-c", 'for a; do printf "%s\\0" "$a"; done', "sh"];
    const { stdout } = await remote.exec([...print, ...NASTY], { asRoot });
    expect(stdout.split("\0").slice(0, -1)).toEqual(NASTY);
    for (const value of NASTY) {
      const env = { PLAIN: value, HIDDEN: secret(value) };
      const seen = await remote.exec(["sh", "-c", 'printf "%s\\0%s" "$PLAIN" "$HIDDEN"'], { asRoot, env });
      expect(seen.stdout).toBe(`${value}\0${value}`);
    }
    const cwd = "/opt/worker/a 'b\" $c\n";
    await worker.run(["mkdir", "-p", cwd]);
    expect((await remote.exec(["pwd"], { asRoot, cwd, env: { A: "1" } })).stdout).toBe(`${cwd}\n`);
    expect(await failure(remote.exec(["pwd"], { asRoot, cwd: "/nowhere" }))).toMatchObject({ code: "COMMAND_FAILED" });
  });

  test("passes input unchanged, also after a secret variable, and closes it", async () => {
    const bytes = Buffer.from([0, 1, 2, 10, 13, 255, 254, 0]);
    const count = ["sh", "-c", "od -An -tx1"];
    const expected = " 00 01 02 0a 0d ff fe 00\n";
    expect((await remote.exec(count, { stdin: bytes })).stdout).toBe(expected);
    const hidden = await remote.exec(count, { stdin: bytes, env: { S: secret("x\ny") }, asRoot: true });
    expect(hidden.stdout).toBe(expected);
    expect((await remote.exec(["cat"])).stdout).toBe("");
  });

  test("runs as root or as the user, and never shows secret variables in the worker's process list", async () => {
    expect((await remote.exec(["id", "-un"])).stdout).toBe(`${fleet().user}\n`);
    expect((await remote.exec(["id", "-un"], { asRoot: true })).stdout).toBe("root\n");
    const env = { HIDDEN: secret("hunter2"), PLAIN: "seen" };
    const { stdout } = await remote.exec(["sh", "-c", "ps axww"], { env, asRoot: true });
    expect(stdout).toContain("PLAIN=seen");
    expect(stdout).not.toContain("hunter2");
    const error = await failure(remote.exec(["false", secret("hunter3")], { env }));
    expect(JSON.stringify(error) + error.message).not.toMatch(/hunter/);
    await expect(remote.exec(["true"], { env: { "A;B": "x" } })).rejects.toThrow(TypeError);
  });

  test("returns a megabyte without a newline, and binary output, completely", async () => {
    const lines: string[] = [];
    const zeros = "head -c 1048576 /dev/zero | tr '\\0' a";
    const big = await remote.exec(["sh", "-c", zeros], { onLine: (line) => lines.push(line) });
    expect(big.stdout).toHaveLength(1024 * 1024);
    expect(lines).toHaveLength(1);
    const many = await remote.exec(["sh", "-c", "seq 1 200000; seq 1 200000 >&2"], {
      onLine: (line) => lines.push(line),
    });
    expect(many.stdout.endsWith("\n199999\n200000\n")).toBe(true);
    expect(lines).toHaveLength(400_001);
    const stream = await remote.stream(["sh", "-c", "head -c 3000000 /dev/urandom | tee /tmp/fleet-bytes; echo e >&2"]);
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    stream.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    for await (const chunk of stream.io) chunks.push(chunk);
    expect(await stream.exit).toBe(0);
    expect(Buffer.concat(errors).toString()).toBe("e\n");
    expect(Buffer.concat(chunks).equals(readFileSync("/tmp/fleet-bytes"))).toBe(true);
    await remote.exec(["rm", "/tmp/fleet-bytes"]);
  });

  test("opens streams that work in both directions, run as root, receive variables, and can be closed", async () => {
    const stream = await remote.stream(["sh", "-c", 'id -un; echo "$A$B"; cat'], {
      asRoot: true,
      env: { A: "a", B: secret("b") },
    });
    stream.io.end("typed");
    const chunks: Buffer[] = [];
    for await (const chunk of stream.io) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("root\nab\ntyped");
    expect(await stream.exit).toBe(0);
    const endless = await remote.stream(["sh", "-c", "exec cat > /dev/null # endless"]);
    endless.destroy();
    await endless.exit;
    await until("the stream's command to end", () => worker.processesWith("# endless").length === 0);
  });

  test("does not wait for a background child of the command", async () => {
    const { stdout, durationMs } = await remote.exec(["sh", "-c", "sleep 60 & echo started"], { asRoot: true });
    expect(stdout).toBe("started\n");
    expect(durationMs).toBeLessThan(5_000);
    await worker.run(["pkill", "-f", "^sleep 60"]);
  });

  test("runs twenty commands on one connection, eight at a time", async () => {
    const program =
      'mkdir -p /opt/worker/t; touch "/opt/worker/t/$$"; ls /opt/worker/t | wc -l; sleep 0.1; rm "/opt/worker/t/$$"';
    const results = await Promise.all(
      Array.from({ length: 20 }, () => remote.exec(["sh", "-c", program], { asRoot: true })),
    );
    const maxParallel = Math.max(...results.map(({ stdout }) => Number(stdout)));
    expect(maxParallel).toBeGreaterThan(1);
    expect(maxParallel).toBeLessThanOrEqual(8);
    expect(worker.connections()).toBe(1);
  });
});

describe("on a server with lower limits", () => {
  test("commands wait for each other if the server allows two sessions", async () => {
    await withFleet({ count: 1, sshdConfig: ["MaxSessions 2"] }, async (tight) => {
      const remote = await remotesFor(tight).connect(tight.workers[0] as FleetWorker);
      await Promise.all(Array.from({ length: 10 }, () => remote.exec(["sleep", "0.05"])));
      await remote.close();
    });
  });

  test("commands, streams and background children take turns if the server allows one session", async () => {
    await withFleet({ count: 1, sshdConfig: ["MaxSessions 1"] }, async (tight) => {
      const remote = await remotesFor(tight).connect(tight.workers[0] as FleetWorker);
      const leave = ["sh", "-c", "sleep 0.3 & echo left"];
      for (let round = 0; round < 4; round++) {
        const turns = Array.from({ length: 8 }, (_, at) => (at % 4 === 0 ? remote.exec(leave) : remote.exec(["true"])));
        turns.push(echoed(remote), echoed(remote));
        await Promise.all(turns);
      }
      await remote.close();
    });
  });

  test("refused logins are retried if the server allows few parallel logins", async () => {
    await withFleet({ count: 1, sshdConfig: ["MaxStartups 2"] }, async (tight) => {
      const [one] = tight.workers as [FleetWorker];
      const at = remotesFor(tight);
      await Promise.all(Array.from({ length: 12 }, () => at.connect(one)));
      await at.close();
      expect(one.connections()).toBe(12);
    });
  });
});

/** Opens, uses and closes a stream. */
async function echoed(remote: Remote): Promise<ExecResult> {
  const stream = await remote.stream(["cat"]);
  stream.io.end("hello");
  const chunks: Buffer[] = await stream.io.toArray();
  expect(Buffer.concat(chunks).toString()).toBe("hello");
  return { code: (await stream.exit) ?? -1, stdout: "", stderr: "", durationMs: 0 };
}
