import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import {
  type ConnectContext,
  type ErrorCode,
  loginShellLine,
  MaandError,
  programRemote,
  type Remote,
} from "@maand/core";
import { SSH_SETTINGS } from "@maand/plugin-ssh";
import type { OpensshOptions } from "./index.ts";

const run = promisify(execFile);

/** Opens a master connection, and answers a remote whose every command is a session of it. */
export async function connectBySsh(context: ConnectContext, options: OpensshOptions): Promise<Remote> {
  const { worker, settings, bucket, signal } = context;
  const own = SSH_SETTINGS.from(settings);
  // the path of a socket may be some hundred bytes long, and that of a bucket often is longer
  const place = await mkdtemp("/tmp/maand-");
  const ssh = [...wordsFor(context, options), "-o", `ControlPath=${join(place, "s")}`];
  const master = ["-o", "ControlMaster=yes", "-o", `ControlPersist=${options.persistSeconds}`, "-f", "-N"];
  const timeout = settings.timeouts.connectMs + 5_000;
  try {
    await run(options.program, [...ssh, ...master, "--", worker.host], { timeout, signal });
  } catch (cause) {
    await rm(place, { recursive: true, force: true });
    throw explained(worker.host, cause, signal);
  }
  // a master that is about to end makes ssh connect anew, even for these words, and open a shell there; so it cannot
  const alone = ["-o", "ProxyCommand=false"];
  const tellMaster = (word: string) =>
    run(options.program, [...ssh, ...alone, "-O", word, "--", worker.host], { timeout: 10_000 });
  return programRemote({
    host: worker.host,
    root: `${settings.workerRoot}/${bucket.id}`,
    transport: "openssh",
    user: worker.user ?? own.ssh_user,
    sudo: own.use_sudo && (worker.user ?? own.ssh_user) !== "root",
    timeoutMs: settings.timeouts.commandMs,
    program: (argv) => [options.program, ...ssh, "-q", "-T", "--", worker.host, loginShellLine(argv)],
    // ssh ends with 255 when it lost the worker, but so may a command; only then is the master asked
    lost: async (code) => code === 255 && (await fails(tellMaster("check"))),
    async close() {
      await fails(tellMaster("exit")); // one that is gone already is fine
      await rm(place, { recursive: true, force: true });
    },
  });
}

function fails(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    () => true,
  );
}

/** Nothing is ever asked of a person; keys of machines are pinned in the bucket, the first time they are seen. */
function wordsFor({ worker, settings, bucket }: ConnectContext, { configFile }: OpensshOptions): string[] {
  const inSecrets = (name: string) => (isAbsolute(name) ? name : join(bucket.root, "secrets", name));
  const own = SSH_SETTINGS.from(settings);
  const settled: Readonly<Record<string, string>> = {
    BatchMode: "yes",
    StrictHostKeyChecking: "accept-new",
    UserKnownHostsFile: quoted(inSecrets("known_hosts")),
    GlobalKnownHostsFile: "/dev/null",
    HashKnownHosts: "no",
    UpdateHostKeys: "no",
    IdentityFile: quoted(inSecrets(worker.identity ?? own.ssh_key)),
    ConnectTimeout: `${Math.ceil(settings.timeouts.connectMs / 1000)}`,
    ServerAliveInterval: "15",
    Port: `${worker.port ?? own.ssh_port}`,
    User: worker.user ?? own.ssh_user,
  };
  const config = configFile === undefined ? [] : ["-F", configFile];
  return [...config, ...Object.entries(settled).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
}

/** A path in which ssh sees neither several words nor one of its own. */
function quoted(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

const REASONS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
    "HOST_KEY_CHANGED",
    "if the machine was built anew, remove its line from secrets/known_hosts; if not, somebody may be in between",
  ],
  [
    /Permission denied|Too many authentication failures/,
    "AUTH_FAILED",
    "does it know the bucket's key, for this user?",
  ],
];

function explained(host: string, cause: unknown, signal: AbortSignal): MaandError {
  if (signal.aborted)
    return new MaandError({ code: "INTERRUPTED", worker: host, message: `connecting to ${host} was interrupted` });
  const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
  const why = said.split("\n").at(-1) || (cause instanceof Error ? cause.message : String(cause));
  const [, code = "UNREACHABLE", hint] = REASONS.find(([pattern]) => pattern.test(said)) ?? [];
  return new MaandError({ code, worker: host, message: `cannot reach ${host}: ${why}`, ...(hint && { hint }), cause });
}
