import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private PostgreSQL server on a loopback port, for tests. */
export interface Postgres {
  readonly port: number;
  /** The directory of its socket. */
  readonly home: string;
  /** The directory of its data. */
  readonly data: string;
  /** The URL of a new database. It logs in as the database's owner `maand`, with the password `secret`. */
  database(): string;
  /** Runs SQL in a database and returns its output. */
  sql(database: string, text: string): string;
  /** Ends the server without a shutdown, as in a crash. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Freezes or wakes every process of the server. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  dispose(): Promise<void>;
}

const BIN = "/usr/lib/postgresql";

/** The directory of PostgreSQL's programs on Debian; undefined if PostgreSQL is not installed. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(BIN) ? readdirSync(BIN).filter((name) => existsSync(join(BIN, name, "bin/initdb"))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest && join(BIN, newest, "bin");
}

/** The user of the server, which refuses to run as root. */
export function account(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** A file system in memory that is visible only to the server. */
export interface SmallDisk {
  /** The directory where it is mounted. The directory must exist. */
  readonly directory: string;
  readonly megabytes: number;
}

/**
 * Mounts the small disk in the namespace of the server, and then starts the server in it under an unprivileged account.
 * Needs root.
 */
const WITH_SMALL_DISK =
  'mount -t tmpfs -o "size=$2m,mode=0700,uid=$3,gid=$4" tmpfs "$1" && exec setpriv --reuid "$3" --regid "$4" --clear-groups "$5" -D "$6"';

/** Starts a server. */
export async function startPostgres(disk?: SmallDisk): Promise<Postgres> {
  const home = newHome();
  const data = join(home, "data");
  const initdb = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  execFileSync(programOf("initdb"), initdb, { ...account(), cwd: home, stdio: ["ignore", "ignore", "pipe"] });
  const port = await freePort();
  configure({ home, data, port });
  execFileSync("sed", [
    "-i",
    "s/^host .*127.0.0.1.*/host all postgres 127.0.0.1\\/32 trust\\nhost all all 127.0.0.1\\/32 scram-sha-256/",
    join(data, "pg_hba.conf"),
  ]);
  const postgres = serverIn({ home, data, port }, disk);
  await postgres.start();
  return postgres;
}

/** The data directory of a server, and its port. */
export interface ServerPlace {
  /** A private directory, with its socket. */
  readonly home: string;
  readonly data: string;
  readonly port: number;
}

/** A new directory for a server. */
export function newHome(): string {
  const who = account();
  const home = mkdtempSync(join(tmpdir(), "maand-pg-"));
  if (who) chownSync(home, who.uid, who.gid);
  return home;
}

/** The path of a program of PostgreSQL. */
export function programOf(name: string): string {
  const bin = postgresPrograms();
  if (bin === undefined) throw new Error("PostgreSQL is missing: apt-get install postgresql");
  return join(bin, name);
}

/** Adds the settings of a private server; the last value of a setting applies. */
export function configure({ home, data, port }: ServerPlace): void {
  appendFileSync(
    join(data, "postgresql.conf"),
    `listen_addresses = '127.0.0.1'\nport = ${port}\nunix_socket_directories = '${home}'\nfsync = off\nmax_connections = 60\nshared_buffers = 16MB\n`,
  );
}

/** Runs SQL as the superuser of a server. */
export function psql(port: number, database: string, text: string): string {
  const words = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1"];
  return execFileSync("psql", [...words, "-d", database, "-c", text], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

/** A server with existing data, which is not running yet. */
export function serverIn({ home, data, port }: ServerPlace, disk?: SmallDisk): Postgres {
  const who = account();
  let server: ChildProcess | undefined;
  let count = 0;
  const program = programOf("postgres");
  const small = disk && [disk.directory, String(disk.megabytes), String(who?.uid), String(who?.gid), program, data];
  const begin = () =>
    small
      ? spawn("unshare", ["--mount", "sh", "-c", WITH_SMALL_DISK, "sh", ...small], { cwd: home, stdio: "ignore" })
      : spawn(program, ["-D", data], { ...who, cwd: home, stdio: "ignore" });
  const start = async () => {
    server = begin();
    for (;;) {
      try {
        psql(port, "postgres", "SELECT 1");
        return;
      } catch {
        // after a crash, the server refuses to start until all its old processes have ended
        if (server.exitCode !== null) server = begin();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const over = new Promise((resolve) => ending.once("exit", resolve));
    const all = signal === "SIGKILL" ? processes(ending) : [];
    ending.kill(signal);
    for (const pid of all) killed(pid, signal);
    await over;
  };
  const postgres: Postgres = {
    port,
    home,
    data,
    database() {
      count += 1;
      const name = `bucket${count}`;
      if (count === 1) psql(port, "postgres", "CREATE ROLE maand LOGIN PASSWORD 'secret'");
      psql(port, "postgres", `CREATE DATABASE ${name} OWNER maand`);
      return `postgres://maand:secret@127.0.0.1:${port}/${name}`;
    },
    sql: (database, text) => psql(port, new URL(database).pathname.slice(1), text),
    kill: () => end("SIGKILL"),
    stop: () => end("SIGINT"),
    start,
    signal(name) {
      if (server) for (const pid of [...processes(server), server.pid]) if (pid !== undefined) killed(pid, name);
    },
    async dispose() {
      postgres.signal("SIGCONT");
      await end("SIGQUIT");
      rmSync(home, { recursive: true, force: true });
    },
  };
  return postgres;
}

/** The child processes of the server. */
function processes(server: ChildProcess): number[] {
  const out = execFileSync("ps", ["-o", "pid=", "--ppid", String(server.pid)], { encoding: "utf8" });
  return out
    .split("\n")
    .map(Number)
    .filter((pid) => pid > 0);
}

function killed(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // the process has already ended
  }
}

/** A free loopback port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}
