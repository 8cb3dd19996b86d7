import { execFile, spawn } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Programs that read the rendered files of the workspace, and the Debian package of each. */
const PROGRAMS = {
  "nginx-light": "/usr/sbin/nginx",
  haproxy: "/usr/sbin/haproxy",
  "redis-server": "/usr/bin/redis-server",
  "redis-tools": "/usr/bin/redis-cli",
  postgresql: postgres(),
  openssl: "/usr/bin/openssl",
};

/** The Debian packages that are not installed on this machine. */
export function missingPackages(): string[] {
  return Object.entries(PROGRAMS)
    .filter(([, program]) => !existsSync(program))
    .map(([name]) => name);
}

/** The result of a program. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of a package to its end. */
export function runProgram(name: keyof typeof PROGRAMS | "sh", args: readonly string[], cwd = "/"): Promise<Answer> {
  const program = name === "sh" ? "/bin/sh" : PROGRAMS[name];
  return run(program, args, { cwd });
}

/**
 * The value of a setting according to PostgreSQL. PostgreSQL refuses to run as root, and its user may be unable to read
 * the bucket, so it reads a copy.
 */
export async function postgresSetting(directory: string, setting: string): Promise<string> {
  const { uid, gid } = await accountOf("postgres");
  const copy = mkdtempSync(join(tmpdir(), "maand-postgres-"));
  try {
    cpSync(join(directory, "postgresql.conf"), join(copy, "postgresql.conf"));
    for (const path of [copy, join(copy, "postgresql.conf")]) chownSync(path, uid, gid);
    chmodSync(copy, 0o700);
    const args = ["-C", setting, `--config-file=${join(copy, "postgresql.conf")}`];
    const { code, stdout, stderr } = await run(PROGRAMS.postgresql, args, { cwd: copy, uid, gid });
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A running redis server. */
export interface RedisServer {
  runProgram(...words: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a redis server with a configuration, and waits until it answers. */
export async function startRedis(
  directory: string,
  { host, port, password }: { readonly host: string; readonly port: string; readonly password: string },
): Promise<RedisServer> {
  const server = spawn(PROGRAMS["redis-server"], [join(directory, "redis.conf")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [server.stdout, server.stderr])
    stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise<void>((resolve) => server.on("close", () => resolve()));
  const stop = async () => {
    server.kill("SIGTERM");
    await ended;
  };
  const redisCommand = async (...words: readonly string[]) => {
    const { stdout } = await runProgram("redis-tools", [
      "-h",
      host,
      "-p",
      port,
      "--no-auth-warning",
      "-a",
      password,
      ...words,
    ]);
    return stdout.trim();
  };
  for (let tries = 0; (await redisCommand("ping")) !== "PONG"; tries++) {
    if (tries === 200 || server.exitCode !== null) {
      await stop();
      throw new Error(`redis-server on ${host} does not answer:\n${printed}`);
    }
    await sleep(50);
  }
  return { runProgram: redisCommand, stop };
}

function postgres(): string {
  const versions = "/usr/lib/postgresql";
  const newest = ["17", "16", "15", "14", "13"].find((version) => existsSync(`${versions}/${version}/bin/postgres`));
  return `${versions}/${newest ?? "15"}/bin/postgres`;
}

async function accountOf(user: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const ids = await Promise.all(["-u", "-g"].map((flag) => run("/usr/bin/id", [flag, user], { cwd: "/" })));
  const [uid = 0, gid = 0] = ids.map(({ stdout }) => Number(stdout));
  return { uid, gid };
}

interface Place {
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
}

function run(program: string, args: readonly string[], place: Place): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(program, [...args], { ...place, timeout: 20_000 }, (failure, stdout, stderr) => {
      const code = typeof failure?.code === "number" ? failure.code : failure ? 1 : 0;
      resolve({ code, stdout, stderr: stderr || (failure?.message ?? "") });
    });
  });
}
