import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ended } from "../support/bucket/maand.ts";
import { freePort } from "../support/fleet/range.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const HOSTS = ["127.0.0.41", "127.0.0.42", "127.0.0.43"] as const;

const place = mkdtempSync(join(tmpdir(), "maand-demo-"));
let port = 0;

beforeAll(async () => {
  port = await freePort(HOSTS[0]);
});

afterAll(async () => {
  for (const pid of processesBelow(place)) process.kill(pid, "SIGKILL");
  rmSync(place, { recursive: true, force: true });
});

describe("npm run demo", () => {
  const directory = join(place, "shown");
  let story = "";

  it("runs all steps, and keeps the jobs running", async () => {
    const { code, stdout, stderr } = await demo(directory);
    expect(code, stdout + stderr).toBe(0);
    story = stdout;
    expect(processesBelow(directory)).toHaveLength(5);
  });

  it("prints how many requests each worker answered during the upgrade", () => {
    expect(story).toMatch(
      /^The client sent \d+ requests: \d+ answered by 1\.0\.0, \d+ answered by 2\.0\.0, \d+ without an answer\.$/m,
    );
    for (const host of HOSTS) {
      const line = new RegExp(`^  ${host}  \\d+ requests, \\d+ failed, down from [\\d.]+ to [\\d.]+ s$`, "m");
      expect(story).toMatch(line);
    }
    expect(story).toMatch(/^At most one worker was down at any time, with at least \d+ ms between two outages\.$/m);
  });

  it("shows that a bad upgrade reverts itself, with at most one worker down at a time", () => {
    expect(story).toMatch(/^At most one worker was down at any time\.$/m);
    expect(story).toMatch(/r3 .* 3\.0\.0 .* held \(revert\)/);
  });

  it("shows that a drained worker does not answer and the others do", () => {
    const answers = HOSTS.map((host) => `${host}:${port}  ${host === HOSTS[1] ? "no answer" : "version 2.0.0"}`);
    expect(story).toContain(answers.join("\n"));
  });

  it("prints next commands that work, the last of which removes everything", async () => {
    const commands = story.slice(story.indexOf("Useful next commands")).match(/^ {2}[^ #].*$/gm) ?? [];
    expect(commands).toHaveLength(5);
    const down = commands.pop() ?? "";
    for (const command of commands) expect(await type(command)).toMatchObject({ code: 0 });
    const [killed = 0] = processesBelow(directory);
    process.kill(killed, "SIGKILL");
    expect(await type(down)).toMatchObject({ code: 0 });
    expect(processesBelow(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });
});

describe("npm run demo, on an error,", () => {
  it("reports a port in use in one line, and creates nothing", async () => {
    const directory = join(place, "no-port");
    const server = createServer();
    await new Promise<void>((listening) => server.listen(port, HOSTS[2], listening));
    const { code, stderr } = await demo(directory);
    server.close();
    expect(code).toBe(2);
    expect(stderr).toBe(
      `demo: ${HOSTS[2]}:${port} is in use; choose another port with --port, or addresses with --hosts\n`,
    );
    expect(existsSync(directory)).toBe(false);
  });

  it("does not touch a directory that it did not create", async () => {
    const directory = join(place, "other");
    mkdirSync(directory);
    writeFileSync(join(directory, "letter"), "dear");
    for (const flags of [[], ["--down"]]) {
      const { code, stderr } = await demo(directory, ...flags);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^demo: the demo did not create .*, so it does not change this directory; .*\n$/);
    }
    expect(readFileSync(join(directory, "letter"), "utf8")).toBe("dear");
  });

  it("removes an incomplete bucket, and ends the processes in it", async () => {
    const directory = join(place, "half");
    const job = join(directory, "data/local", HOSTS[0]);
    mkdirSync(job, { recursive: true });
    writeFileSync(join(directory, ".maand-demo"), "");
    writeFileSync(join(directory, "data/maand.db"), "half");
    spawn("sleep", ["1000"], { cwd: job, detached: true, stdio: "ignore" }).unref();
    expect(await demo(directory, "--down")).toMatchObject({ code: 0 });
    expect(processesBelow(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });
});

function demo(directory: string, ...flags: readonly string[]): Promise<Ended> {
  const own = ["--dir", directory, "--hosts", HOSTS.join(","), "--port", String(port)];
  return start("bash", ["scripts/demo.sh", ...own, ...flags]);
}

/** Runs a command line in the repository's root. */
function type(command: string): Promise<Ended> {
  return start("sh", ["-c", command]);
}

function start(program: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(program, args, { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...text }));
  });
}

/** Processes whose current directory is inside a directory. */
function processesBelow(directory: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && directoryOf(name).startsWith(`${directory}/`))
    .map(Number);
}

function directoryOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
