import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loginShellLine, MaandError } from "@maand/core";
import { followProcess, LineSplitter, startProcess } from "@maand/core/internal";

/** An existing login to a worker: the login that `ssh` would use, or another user, key or password. */
export interface ExistingLogin {
  readonly user: string | undefined;
  /** Absolute path of a private key. */
  readonly key: string | undefined;
  readonly password: string | undefined;
}

/** The target of a session. */
export interface SessionPlace {
  readonly host: string;
  readonly port: number;
  /** The file with the host keys that are accepted. */
  readonly knownHosts: string;
  /** A private directory for the program that passes the password to ssh. */
  readonly tmp: string;
  readonly signal: AbortSignal;
}

/** The result of a command over a login. */
export interface SessionResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: readonly string[];
}

/** The variable that passes the password to the program from which ssh reads the password. */
const PASSWORD = "MAAND_LOGIN_PASSWORD";

const ASKPASS = `#!/bin/sh\nprintf '%s\\n' "$${PASSWORD}"\n`;

/** The time limit of a command in milliseconds. It is long because an installation waits for other installations. */
const LIMIT_MS = 20 * 60_000;
const GRACE_MS = 3_000;

/** Exit codes of {@link AS_ROOT}. */
const NO_SUDO = 77;
const NO_PASSWORD = 78;

/**
 * Runs its arguments as root: directly, with sudo, or with sudo and the password on standard input. The command itself
 * has no standard input.
 */
const AS_ROOT = `want=$1; shift
if [ "$(id -u)" = 0 ]; then exec "$@" </dev/null; fi
command -v sudo >/dev/null 2>&1 || exit ${NO_SUDO}
if sudo -n true 2>/dev/null; then exec sudo -n -- "$@" </dev/null; fi
[ "$want" = password ] || exit ${NO_PASSWORD}
exec sudo -S -p "" -- "$@"`;

/**
 * Runs a command as root through the system's ssh, so that the agent, jump hosts and all other settings in the user's
 * ssh configuration apply. The password is never in an argument or a file. Throws AUTH_FAILED, UNREACHABLE,
 * NOT_PERMITTED, WORKER_LACKS, TIMED_OUT or INTERRUPTED.
 */
export async function runAsRoot(
  place: SessionPlace,
  login: ExistingLogin,
  argv: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<SessionResult> {
  await mkdir(place.tmp, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(place.tmp, "login-"));
  try {
    const askpass = join(directory, "askpass");
    if (login.password !== undefined) await writeFile(askpass, ASKPASS, { mode: 0o700 });
    const words = ["sh", "-c", AS_ROOT, "sh", login.password === undefined ? "none" : "password", ...argv];
    const result = await run([...sshCommand(place, login), loginShellLine(words)], login, askpass, place, onLine);
    refuseFailedLogin(place, login, result);
    return result;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The command line of ssh up to the remote command, which people may also type. */
export function sshCommand(
  { host, port, knownHosts }: Pick<SessionPlace, "host" | "port" | "knownHosts">,
  { user, key, password }: ExistingLogin,
): [string, ...string[]] {
  const option = (text: string) => ["-o", text];
  return [
    "ssh",
    ...option(`BatchMode=${password === undefined ? "yes" : "no"}`),
    ...option("StrictHostKeyChecking=yes"),
    ...option(`UserKnownHostsFile="${knownHosts}"`),
    ...option("ConnectTimeout=15"),
    ...option("NumberOfPasswordPrompts=1"),
    ...option("ControlPath=none"),
    ...(key === undefined ? [] : ["-i", key, ...option("IdentitiesOnly=yes")]),
    ...(user === undefined ? [] : ["-l", user]),
    "-p",
    String(port),
    "--",
    host,
  ];
}

async function run(
  line: readonly string[],
  { password }: ExistingLogin,
  askpass: string,
  { signal }: SessionPlace,
  onLine: (line: string) => void,
): Promise<SessionResult> {
  const stderr: string[] = [];
  let stdout = "";
  const splitter = new LineSplitter((text) => {
    stderr.push(text);
    onLine(text);
  });
  const env =
    password === undefined ? {} : { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force", [PASSWORD]: password };
  const started = await startProcess(line, { env: { ...ownEnvironment(), ...env }, stdin: true, endsWithUs: true });
  started.stdin?.end(password === undefined ? "" : `${password}\n`);
  const { end, cut } = await followProcess(started, {
    timeoutMs: LIMIT_MS,
    signal,
    graceMs: GRACE_MS,
    onOutput: (stream, chunk) => {
      if (stream === "stderr") splitter.push(chunk);
      else stdout += Buffer.from(chunk).toString("utf8");
    },
  });
  splitter.end();
  if (end.missing)
    throw new MaandError({
      code: "SYSTEM",
      message: "ssh is not installed on this machine",
      hint: "install the OpenSSH client, or type the commands of maand worker prepare --print on the workers",
    });
  if (cut === "INTERRUPTED") throw new MaandError({ code: "INTERRUPTED", message: "the preparation was interrupted" });
  if (cut === "TIMED_OUT")
    throw new MaandError({ code: "TIMED_OUT", message: `did not end within ${LIMIT_MS / 60_000} minutes` });
  return { code: end.code, stdout, stderr };
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** The exit code of ssh for errors before the command runs. */
const SSH_FAILED = 255;

function refuseFailedLogin({ host }: SessionPlace, login: ExistingLogin, { code, stderr }: SessionResult): void {
  const who = login.user === undefined ? "the user of the ssh configuration" : login.user;
  if (code === NO_SUDO)
    throw new MaandError({
      code: "WORKER_LACKS",
      message: `${who} is not root on ${host}, and sudo is not installed there`,
      worker: host,
      hint: "log in as root with --login-user root",
    });
  const wrong = stderr.some((line) =>
    /^sudo: .*(incorrect password|password is required|no password was provided)/.test(line),
  );
  if (code === NO_PASSWORD || (code === 1 && wrong))
    throw new MaandError({
      code: "NOT_PERMITTED",
      message: `${who} ${code === NO_PASSWORD ? "needs a password for" : "was refused by"} sudo on ${host}`,
      worker: host,
      hint: "add --password, or log in as root with --login-user root",
    });
  if (code !== SSH_FAILED) return;
  const last = stderr.findLast((line) => line.trim() !== "")?.trim() ?? "no message";
  const denied = /permission denied|too many authentication failures/i.test(last);
  throw new MaandError({
    code: denied ? "AUTH_FAILED" : "UNREACHABLE",
    message: `ssh to ${host} failed with ${tried(login)}: ${last}`,
    worker: host,
    hint: denied
      ? "use a login that works: --login-user, --login-key, --password, or a Host entry in ~/.ssh/config"
      : "check that ssh reaches it: host, port and network",
  });
}

function tried({ user, key, password }: ExistingLogin): string {
  const identity = key === undefined ? "the keys of the agent and the ssh configuration" : `key ${key}`;
  return `${user === undefined ? "" : `user ${user}, `}${identity}${password === undefined ? "" : " and a password"}`;
}
