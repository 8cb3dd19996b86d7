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
import type { OpensshOptions } from "./options.ts";

const run = promisify(execFile);

/**
 * Maximum number of parallel commands: sshd allows 10 sessions per connection (MaxSessions), and a command that stops
 * another one also needs a session.
 */
const SESSIONS = 8;

/** Opens a master connection and returns a remote that runs each command as a session on it. */
export async function connectBySsh(context: ConnectContext, options: OpensshOptions): Promise<Remote> {
  const { worker, root, settings, signal } = context;
  const own = SSH_SETTINGS.from(settings);
  // the path of a socket is limited to about a hundred bytes, and the path of a bucket is often longer
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
  // without a master, ssh would ignore these options and open a new connection with a shell; this proxy prevents that
  const alone = ["-o", "ProxyCommand=false"];
  const controlMaster = (word: string) =>
    run(options.program, [...ssh, ...alone, "-O", word, "--", worker.host], { timeout: 10_000 });
  return programRemote({
    host: worker.host,
    root,
    transport: "openssh",
    user: worker.user ?? own.ssh_user,
    sudo: own.use_sudo && (worker.user ?? own.ssh_user) !== "root",
    timeoutMs: settings.timeouts.commandMs,
    program: (argv) => [options.program, ...ssh, "-q", "-T", "--", worker.host, loginShellLine(argv)],
    atOnce: SESSIONS,
    // 255 is the exit code of ssh for a lost connection, but also possible for a command, so check the master
    lost: async (code, { begun }) => code === 255 && (!begun || (await fails(controlMaster("check")))),
    async close() {
      await fails(controlMaster("exit")); // the master may have exited already
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

/** Never prompts; host keys are pinned in the bucket the first time they are seen. */
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

/** Quotes a path, so that ssh neither splits it nor expands tokens in it. */
function quoted(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

const REASONS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
    "HOST_KEY_CHANGED",
    "if the machine was reinstalled, remove its line from secrets/known_hosts; otherwise the connection may be intercepted",
  ],
  [
    /Permission denied|Too many authentication failures/,
    "AUTH_FAILED",
    "check that this user on the worker accepts the bucket's key",
  ],
];

function explained(host: string, cause: unknown, signal: AbortSignal): MaandError {
  if (signal.aborted)
    return new MaandError({ code: "INTERRUPTED", worker: host, message: `connecting to ${host} was interrupted` });
  const printed = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
  const why = printed.split("\n").at(-1) || (cause instanceof Error ? cause.message : String(cause));
  const [, code = "UNREACHABLE", hint] = REASONS.find(([pattern]) => pattern.test(printed)) ?? [];
  return new MaandError({ code, worker: host, message: `cannot reach ${host}: ${why}`, ...(hint && { hint }), cause });
}
