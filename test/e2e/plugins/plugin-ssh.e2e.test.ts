import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type ExecResult, type MaandError, type Remote, secret } from "@maand/core";
import { inspectHostKey } from "@maand/plugin-ssh/host-keys";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { must } from "../../support/fleet/command.ts";
import {
  type Desk,
  deskFor,
  type Fleet,
  type FleetWorker,
  startFleet,
  until,
  withFleet,
} from "../../support/fleet/index.ts";
import { makeKey } from "../../support/fleet/keys.ts";

let fleet: Fleet;
let worker: FleetWorker;
let other: FleetWorker;
const desks: Desk[] = [];

beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
  [worker, other] = [fleet.workers[0] as FleetWorker, fleet.workers[1] as FleetWorker];
});
afterEach(async () => {
  await Promise.all(desks.splice(0).map((desk) => desk.close()));
});
afterAll(() => fleet.close());

function desk(...args: Parameters<typeof deskFor> extends [Fleet, ...infer Rest] ? Rest : never): Desk {
  const made = deskFor(fleet, ...args);
  desks.push(made);
  return made;
}

function failure(promise: Promise<unknown>): Promise<MaandError> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: MaandError) => error,
  );
}

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

describe("commands", () => {
  let remote: Remote;
  beforeAll(async () => {
    remote = await deskFor(fleet).connect(worker);
  });
  afterAll(() => remote.close());

  test("exec answers what a command printed; probe answers its exit code; a failed exec says what and where", async () => {
    expect(await remote.exec(["echo", "hi"])).toMatchObject({ code: 0, stdout: "hi\n", stderr: "" });
    expect(await remote.probe(["sh", "-c", "echo no >&2; exit 3"])).toMatchObject({ code: 3, stderr: "no\n" });
    const error = await failure(remote.exec(["sh", "-c", "echo no >&2; exit 3"]));
    expect(error).toMatchObject({ code: "COMMAND_FAILED", exit: 3, worker: worker.host, output: ["no"] });
    expect((await remote.probe(["sh", "-c", "kill -9 $$"])).code).toBe(137);
    expect((await remote.probe(["no-such-program"])).code).toBe(127);
  });

  test.each([true, false])("every argument, variable and directory arrives as it is (as root: %s)", async (asRoot) => {
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

  test("input arrives byte by byte and ends; behind a secret variable too; without input there is an end at once", async () => {
    const bytes = Buffer.from([0, 1, 2, 10, 13, 255, 254, 0]);
    const count = ["sh", "-c", "od -An -tx1"];
    const expected = " 00 01 02 0a 0d ff fe 00\n";
    expect((await remote.exec(count, { stdin: bytes })).stdout).toBe(expected);
    const hidden = await remote.exec(count, { stdin: bytes, env: { S: secret("x\ny") }, asRoot: true });
    expect(hidden.stdout).toBe(expected);
    expect((await remote.exec(["cat"])).stdout).toBe("");
  });

  test("as root is root, otherwise the user; a variable never reaches the worker's process list when it is secret", async () => {
    expect((await remote.exec(["id", "-un"])).stdout).toBe(`${fleet.user}\n`);
    expect((await remote.exec(["id", "-un"], { asRoot: true })).stdout).toBe("root\n");
    const env = { HIDDEN: secret("hunter2"), PLAIN: "seen" };
    const { stdout } = await remote.exec(["sh", "-c", "ps axww"], { env, asRoot: true });
    expect(stdout).toContain("PLAIN=seen");
    expect(stdout).not.toContain("hunter2");
    const error = await failure(remote.exec(["false", secret("hunter3")], { env }));
    expect(JSON.stringify(error) + error.message).not.toMatch(/hunter/);
    await expect(remote.exec(["true"], { env: { "A;B": "x" } })).rejects.toThrow(TypeError);
  });

  test("a megabyte without a line end, and binary output, arrive whole and hang nothing", async () => {
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

  test("a stream goes both ways, as root, with variables, and can be ended", async () => {
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

  test("a child left in the background does not hold the command", async () => {
    const { stdout, durationMs } = await remote.exec(["sh", "-c", "sleep 60 & echo started"], { asRoot: true });
    expect(stdout).toBe("started\n");
    expect(durationMs).toBeLessThan(5_000);
    await worker.run(["pkill", "-f", "^sleep 60"]);
  });

  test("twenty commands at once share one connection, eight at a time", async () => {
    const program =
      'mkdir -p /opt/worker/t; touch "/opt/worker/t/$$"; ls /opt/worker/t | wc -l; sleep 0.1; rm "/opt/worker/t/$$"';
    const results = await Promise.all(
      Array.from({ length: 20 }, () => remote.exec(["sh", "-c", program], { asRoot: true })),
    );
    const most = Math.max(...results.map(({ stdout }) => Number(stdout)));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    expect(worker.connections()).toBe(1);
  });
});

describe("an end to everything", () => {
  test.each([true, false])("when time is up the command is gone from the worker (as root: %s)", async (asRoot) => {
    const remote = await desk().connect(worker);
    const argv = ["sh", "-c", "echo begun; sleep 61 & sleep 62; :"];
    const error = await failure(remote.exec(argv, { asRoot, timeoutMs: 1_000 }));
    expect(error).toMatchObject({ code: "TIMED_OUT", worker: worker.host, output: ["begun"] });
    expect(error.message).toContain("timed out after 1 s");
    await until("both to be gone", () => worker.processesWith("sleep 6").length === 0);
  });

  test("a command that ignores the end asked for is killed", async () => {
    const remote = await desk().connect(worker);
    const deaf = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"];
    const error = await failure(remote.exec(deaf, { timeoutMs: 500, graceMs: 3_000, asRoot: true }));
    expect(error.code).toBe("TIMED_OUT");
    await until("it to be gone", () => worker.processesWith("echo deaf").length === 0);
  });

  test.each([true, false])("an interrupted command is gone from the worker (as root: %s)", async (asRoot) => {
    const remote = await desk().connect(worker);
    const interrupt = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      interrupt.abort();
    };
    const running = remote.exec(["sh", "-c", "echo begun >&2; sleep 63"], { asRoot, signal: interrupt.signal, onLine });
    expect(await failure(running)).toMatchObject({ code: "INTERRUPTED" });
    expect(lines).toEqual(["begun"]);
    expect(worker.processesWith("sleep 63")).toEqual([]);
    expect(await failure(remote.exec(["true"], { signal: interrupt.signal }))).toMatchObject({ code: "INTERRUPTED" });
    expect((await remote.exec(["echo", "still here"])).stdout).toBe("still here\n");
  });

  test("a command with a stop word hears it, its input being open till then", async () => {
    const remote = await desk().connect(worker);
    const interrupt = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      if (line === "begun") interrupt.abort();
    };
    const argv = ["sh", "-c", "read given; echo begun; read word; echo heard $given $word"];
    const options = { stdin: "input\n", stopWord: "stop\n", signal: interrupt.signal, onLine, asRoot: true };
    expect(await failure(remote.exec(argv, options))).toMatchObject({ code: "INTERRUPTED" });
    expect(lines).toEqual(["begun", "heard input stop"]);
    const late = await failure(
      remote.exec(["sh", "-c", "read word; echo $word"], { stopWord: "end\n", timeoutMs: 300 }),
    );
    expect(late).toMatchObject({ code: "TIMED_OUT", output: ["end"] });
  });

  test("interrupting what waits for a channel takes it out of the line", async () => {
    const remote = await desk({ channels: 1 }).connect(worker);
    const interrupt = new AbortController();
    const first = remote.exec(["cat"], { stopWord: "", timeoutMs: 300 });
    const waiting = remote.exec(["true"], { signal: interrupt.signal });
    interrupt.abort();
    expect(await failure(waiting)).toMatchObject({ code: "INTERRUPTED" });
    expect(await failure(first)).toMatchObject({ code: "TIMED_OUT" });
  });

  test("a frozen worker: time limit and grace end the command here; what is asked next is UNREACHABLE in bounded time", async () => {
    const remote = await desk().connect(worker, {
      settings: { timeouts: { connectMs: 700, commandMs: 9_000 } },
    });
    const begun = new Promise<void>((resolve) => {
      const running = remote.exec(["sh", "-c", "echo begun; sleep 64"], {
        timeoutMs: 500,
        graceMs: 200,
        onLine: () => {
          worker.freeze();
          resolve();
        },
      });
      running.catch(() => {});
      void running;
      ended = failure(running);
    });
    await begun;
    try {
      expect(await ended).toMatchObject({ code: "TIMED_OUT" });
      const next = await failure(remote.exec(["true"]));
      expect(next).toMatchObject({ code: "UNREACHABLE", worker: worker.host });
      expect(next.message).toContain("0.7 s");
    } finally {
      worker.thaw();
    }
    await remote.close();
  });
  let ended: Promise<MaandError>;

  test("keepalives notice a frozen worker: the command is DISCONNECTED", async () => {
    const remote = await desk({ keepaliveSeconds: 0.1 }).connect(worker);
    const running = remote.exec(["sh", "-c", "echo begun; sleep 65"], { onLine: () => worker.freeze() });
    try {
      expect(await failure(running)).toMatchObject({ code: "DISCONNECTED" });
    } finally {
      worker.thaw();
    }
    await worker.run(["pkill", "-f", "sleep 65"]);
  });

  test("closing ends commands and may be done twice", async () => {
    const remote = await desk().connect(worker);
    const begun = new Promise<void>((resolve) => {
      ended = failure(remote.exec(["sh", "-c", "echo begun; sleep 66"], { onLine: () => resolve() }));
    });
    await begun;
    await Promise.all([remote.close(), remote.close()]);
    await remote.close();
    expect(await ended).toMatchObject({ code: "DISCONNECTED" });
    expect(await failure(remote.exec(["true"]))).toMatchObject({ code: "UNREACHABLE" });
    await worker.run(["pkill", "-f", "sleep 66"]);
  });
});

describe("connections that break", () => {
  test("in the middle of a command: DISCONNECTED, never repeated", async () => {
    const remote = await desk().connect(worker);
    const running = remote.exec(["sh", "-c", "echo once >> /opt/worker/once; echo begun; sleep 67"], {
      asRoot: true,
      onLine: () => void worker.dropConnections(),
    });
    const error = await failure(running);
    expect(error).toMatchObject({ code: "DISCONNECTED", worker: worker.host });
    await remote.exec(["true"]);
    expect(await worker.read("/opt/worker/once")).toBe("once\n");
    await worker.run(["pkill", "-f", "sleep 67"]);
  });

  test("between commands: a new connection is made once, also for many commands at once", async () => {
    const remote = await desk().connect(worker);
    await worker.dropConnections();
    const before = worker.connections();
    await Promise.all(Array.from({ length: 12 }, () => remote.exec(["true"])));
    expect(worker.connections()).toBe(before + 1);
  });

  test("between commands, and the worker is gone: UNREACHABLE, and back again when it is back", async () => {
    const remote = await desk().connect(worker);
    await worker.cutOff();
    expect(await failure(remote.exec(["true"]))).toMatchObject({ code: "UNREACHABLE" });
    await worker.start();
    await remote.exec(["true"]);
  });
});

describe("workers that cannot be reached", () => {
  const impatient = { settings: { timeouts: { connectMs: 500, commandMs: 1_000 } } };
  let server: Server | undefined;
  const sockets: Socket[] = [];

  function listenSilently(say: string): Promise<number> {
    return new Promise((resolve) => {
      server = createServer((socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        if (say) socket.write(say);
      });
      server.listen(0, worker.host, () => {
        const address = server?.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
  }
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server?.close();
  });

  test("refused: soon, with the port and a hint", async () => {
    await worker.cutOff();
    const began = performance.now();
    const error = await failure(desk().connect(worker));
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(error).toMatchObject({ code: "UNREACHABLE", worker: worker.host });
    expect(error.message).toMatch(new RegExp(`refused on port ${worker.port}`));
    await worker.start();
  });

  test.each([
    ["accepts and never speaks", ""],
    ["stalls half way", "SSH-2.0-OpenSSH_9.2\r\n"],
  ])("a listener that %s is bounded by the connect limit", async (_, say) => {
    const port = await listenSilently(say);
    const error = await failure(desk().connect({ host: worker.host, port }, impatient));
    expect(error).toMatchObject({ code: "UNREACHABLE" });
    expect(error.message).toMatch(/timed out after 0.5 s/);
  });

  test("a listener that hangs up at once is tried a few times, and named", async () => {
    const port = await listenSilently("");
    server?.on("connection", (socket) => socket.end());
    const error = await failure(desk().connect({ host: worker.host, port }, impatient));
    expect(error).toMatchObject({ code: "UNREACHABLE" });
    expect(sockets.length).toBeGreaterThan(1);
  });

  test("a frozen sshd accepts connections and says nothing: bounded", async () => {
    other.freeze();
    const error = await failure(desk().connect(other, impatient));
    other.thaw();
    expect(error).toMatchObject({ code: "UNREACHABLE" });
  });

  test("a name that does not resolve", async () => {
    const error = await failure(desk().connect({ host: "no-such-worker.invalid" }));
    expect(error.code).toBe("UNREACHABLE");
    expect(error.message).toContain("cannot be resolved");
  });

  test("an interrupted run does not wait for the connection", async () => {
    const port = await listenSilently("");
    const interrupt = new AbortController();
    const connecting = desk().connect({ host: worker.host, port }, { signal: interrupt.signal });
    await until("it to connect", () => sockets.length > 0);
    interrupt.abort();
    expect(await failure(connecting)).toMatchObject({ code: "INTERRUPTED" });
  });

  test("another transport is somebody else's", async () => {
    await expect(desk().connect({ ...worker, host: worker.host, transport: "local" })).rejects.toThrow(
      "nobody connects",
    );
  });
});

describe("host keys", () => {
  test("are pinned on first use, for many workers at once, in a private file", async () => {
    const at = desk();
    await Promise.all(fleet.workers.map((one) => at.connect(one)));
    const lines = readFileSync(at.knownHosts, "utf8").trim().split("\n").sort();
    expect(lines).toEqual(fleet.workers.map(({ knownHost }) => knownHost).sort());
    expect(statSync(at.knownHosts).mode & 0o777).toBe(0o600);
    await at.connect(worker);
    expect(readFileSync(at.knownHosts, "utf8").trim().split("\n")).toHaveLength(2);
  });

  test("a changed key is refused with both fingerprints; removing the line lets it in", async () => {
    const at = desk();
    await (await at.connect(other)).close();
    const before = await fingerprintOf(other);
    await other.changeHostKey();
    const error = await failure(at.connect(other));
    expect(error).toMatchObject({ code: "HOST_KEY_CHANGED", worker: other.host });
    expect(error.message).toContain(before);
    expect(error.message).toContain(await fingerprintOf(other));
    expect(error.hint).toContain(at.knownHosts);
    writeFileSync(at.knownHosts, "");
    await at.connect(other);
  });

  test("can be looked at and trusted without logging in, also when one changed", async () => {
    const at = desk();
    const look = () => inspectHostKey(at.contextFor(other), { configFile: "/nowhere" });
    const first = await look();
    expect(first).toMatchObject({
      worker: other.host,
      state: "new",
      pinned: [],
      fingerprint: await fingerprintOf(other),
    });
    expect(existsSync(at.knownHosts)).toBe(false);
    await first.trust();
    expect((await look()).state).toBe("pinned");
    await other.changeHostKey();
    const changed = await look();
    expect(changed).toMatchObject({ state: "changed", pinned: [first.fingerprint] });
    await changed.trust();
    await at.connect(other);
    expect(readFileSync(at.knownHosts, "utf8")).toBe(`${other.knownHost}\n`);
    await other.cutOff();
    expect(await failure(look())).toMatchObject({ code: "UNREACHABLE", worker: other.host });
    await other.start();
  });

  test("a key pasted by hand counts, and decides which key type is asked for", async () => {
    await withFleet({ count: 1, sshdConfig: [`HostKey ${await ecdsaKey()}`] }, async (rebuilt) => {
      const [one] = rebuilt.workers as [FleetWorker];
      const at = deskFor(rebuilt);
      const remote = await at.connect(one);
      expect(readFileSync(at.knownHosts, "utf8")).toContain("ssh-ed25519");
      await remote.close();
      const pinned = (await must(["ssh-keyscan", "-t", "ecdsa", "-p", `${one.port}`, one.host])).trim();
      writeFileSync(at.knownHosts, `# pasted\n${pinned}`);
      await (await at.connect(one)).close();
      expect(readFileSync(at.knownHosts, "utf8")).toBe(`# pasted\n${pinned}`);
    });
  });

  async function fingerprintOf(one: FleetWorker): Promise<string> {
    return (await must(["ssh-keygen", "-lf", "-"], `${one.hostKey}\n`)).split(" ")[1] ?? "";
  }

  async function ecdsaKey(): Promise<string> {
    const path = join(fleet.directory, "ecdsa_host_key");
    if (!existsSync(path)) await must(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path]);
    return path;
  }
});

describe("logging in", () => {
  test("a key nobody knows and a user nobody knows are AUTH_FAILED and named", async () => {
    const stranger = await makeKey(join(fleet.directory, "stranger"));
    const error = await failure(desk().connect({ host: worker.host, identity: stranger.path }));
    expect(error).toMatchObject({ code: "AUTH_FAILED", worker: worker.host });
    expect(error.message).toContain(stranger.path);
    const nobody = await failure(desk().connect({ host: worker.host, user: "nobody-here" }));
    expect(nobody).toMatchObject({ code: "AUTH_FAILED" });
    expect(nobody.message).toContain('"nobody-here"');
  });

  test("a key that is missing, open to others, or locked is refused with what to do", async () => {
    const at = desk();
    const missing = await failure(at.connect({ host: worker.host, identity: "gone.key" }));
    expect(missing).toMatchObject({ code: "AUTH_FAILED" });
    expect(missing.message).toContain(`${at.root}/secrets/gone.key does not exist`);
    const open = await makeKey(join(fleet.directory, "open"));
    chmodSync(open.path, 0o644);
    expect(await failure(at.connect({ host: worker.host, identity: open.path }))).toMatchObject({
      code: "AUTH_FAILED",
      hint: `chmod 600 ${open.path}`,
    });
    const locked = await makeKey(join(fleet.directory, "locked"), "passphrase");
    const error = await failure(at.connect({ host: worker.host, identity: locked.path }));
    expect(error.message).toContain("protected by a passphrase");
    expect(error.hint).toContain("ssh-add");
  });

  test("a key in the bucket's secrets is found by its name, and may be changed per worker", async () => {
    const at = desk();
    await (await at.connect(worker)).close(); // makes secrets/ for known_hosts
    writeFileSync(join(at.root, "secrets", "mine.key"), readFileSync(fleet.key.path), { mode: 0o600 });
    await at.connect({ host: worker.host, identity: "mine.key" });
    await at.connect(worker, { settings: { plugins: { ssh_key: "mine.key" } } });
  });

  test("the agent's keys come after the file, or instead of it", async () => {
    const socket = join(fleet.directory, "agent.sock");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      await until("the agent", () => existsSync(socket));
      await must(["env", `SSH_AUTH_SOCK=${socket}`, "ssh-add", "-q", fleet.key.path]);
      await desk({ agent: socket }).connect({ host: worker.host, identity: "gone.key" });
      const stranger = await makeKey(join(fleet.directory, "stranger"));
      await desk({ agent: socket }).connect({ host: worker.host, identity: stranger.path });
    } finally {
      agent.kill();
    }
    const dead = await failure(desk({ agent: socket }).connect({ host: worker.host, identity: "gone.key" }));
    expect(dead).toMatchObject({ code: "AUTH_FAILED" });
    await desk({ agent: socket }).connect(worker);
  });

  test("~/.ssh/config: an alias with user, port and key, through a jump host whose key is pinned too", async () => {
    const configFile = join(fleet.directory, "ssh_config");
    writeFileSync(
      configFile,
      [
        "Host app",
        `  HostName ${worker.host}`,
        `  Port ${worker.port}`,
        `  User ${fleet.user}`,
        `  IdentityFile ${fleet.key.path}`,
        "  ProxyJump bastion",
        "Host bastion",
        `  HostName ${other.host}`,
        `  Port ${other.port}`,
        `  User ${fleet.user}`,
        `  IdentityFile ${fleet.key.path}`,
        "Host *",
        "  User nobody-here",
      ].join("\n"),
    );
    const at = desk({ configFile });
    const settings = { plugins: { ssh_user: "nobody-here", ssh_key: "gone.key" } };
    const before = [worker.connections(), other.connections()];
    const remote = await at.connect({ host: "app" }, { settings });
    expect((await remote.exec(["sh", "-c", 'echo "$SSH_CONNECTION"'])).stdout).toContain(worker.host);
    expect([worker.connections(), other.connections()]).toEqual(before.map((count) => count + 1));
    expect(readFileSync(at.knownHosts, "utf8").trim().split("\n")).toHaveLength(2);
    await worker.cutOff();
    const error = await failure(at.connect({ host: "app" }, { settings }));
    expect(error).toMatchObject({ code: "UNREACHABLE", worker: "app" });
    expect(error.message).toContain("jump host bastion");
    await worker.start();
  });

  test("root without sudo", async () => {
    await withFleet({ count: 1, sudo: false }, async (rooted) => {
      const remote = await deskFor(rooted).connect(rooted.workers[0] as FleetWorker);
      expect(remote.sudo).toBe(false);
      expect((await remote.exec(["id", "-un"], { asRoot: true })).stdout).toBe("root\n");
      await remote.close();
    });
  });
});

describe("servers with tighter limits", () => {
  test("two sessions: commands wait for each other instead of failing", async () => {
    await withFleet({ count: 1, sshdConfig: ["MaxSessions 2"] }, async (tight) => {
      const remote = await deskFor(tight).connect(tight.workers[0] as FleetWorker);
      await Promise.all(Array.from({ length: 10 }, () => remote.exec(["sleep", "0.05"])));
      await remote.close();
    });
  });

  test("one session: commands, streams and children left behind take turns, however closely they follow", async () => {
    await withFleet({ count: 1, sshdConfig: ["MaxSessions 1"] }, async (tight) => {
      const remote = await deskFor(tight).connect(tight.workers[0] as FleetWorker);
      const leave = ["sh", "-c", "sleep 0.3 & echo left"];
      for (let round = 0; round < 4; round++) {
        const turns = Array.from({ length: 8 }, (_, at) => (at % 4 === 0 ? remote.exec(leave) : remote.exec(["true"])));
        turns.push(echoed(remote), echoed(remote));
        await Promise.all(turns);
      }
      await remote.close();
    });
  });

  test("few logins at once: those turned away come back", async () => {
    await withFleet({ count: 1, sshdConfig: ["MaxStartups 2"] }, async (tight) => {
      const [one] = tight.workers as [FleetWorker];
      const at = deskFor(tight);
      await Promise.all(Array.from({ length: 12 }, () => at.connect(one)));
      await at.close();
      expect(one.connections()).toBe(12);
    });
  });
});

/** A stream that is opened, used and let go. */
async function echoed(remote: Remote): Promise<ExecResult> {
  const stream = await remote.stream(["cat"]);
  stream.io.end("hello");
  const chunks: Buffer[] = await stream.io.toArray();
  expect(Buffer.concat(chunks).toString()).toBe("hello");
  return { code: (await stream.exit) ?? -1, stdout: "", stderr: "", durationMs: 0 };
}
