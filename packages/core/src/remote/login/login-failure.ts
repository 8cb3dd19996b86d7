import { MaandError } from "../../errors.ts";

/** A command that never started because the login ended first: what the login printed, and its exit code. */
export interface FailedLogin {
  readonly host: string;
  /** The account that logged in, if known. */
  readonly user?: string;
  /** Exit code; null if there was none. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Login {
  readonly host: string;
  readonly user: string;
  readonly printed: string;
}

interface Reason {
  readonly pattern: RegExp;
  readonly code?: "WORKER_LACKS";
  readonly message: (login: Login) => string;
  readonly hint: (login: Login) => string;
}

const NO_SUDO = "or set use_sudo = false in maand.conf";
const OTHER_USER = "or set ssh_user in maand.conf";
const allowSudo = ({ host, user }: Login) =>
  `as root on ${host}: echo '${user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/maand; ${NO_SUDO}`;

/** Reasons with the patterns of their output. The first match applies. */
const REASONS: readonly Reason[] = [
  {
    pattern: /password.*(expired|change required)|change your password/i,
    message: ({ host, user }) => `the password of "${user}" on ${host} has expired, and its login runs no commands`,
    hint: ({ host, user }) => `as root on ${host}: chage -M -1 ${user}`,
  },
  {
    pattern: /sudo: (command not found|not found|permission denied)|(not found|unknown command):? .{0,2}sudo/i,
    code: "WORKER_LACKS",
    message: ({ host }) => `${host} lacks sudo`,
    hint: ({ host }) => `install sudo on ${host}, ${NO_SUDO}`,
  },
  {
    pattern: /must have a tty/i,
    message: ({ host, user }) => `sudo on ${host} requires a terminal for "${user}" (requiretty)`,
    hint: ({ host, user }) => `as root on ${host}: echo 'Defaults:${user} !requiretty' > /etc/sudoers.d/maand-tty`,
  },
  {
    pattern: /sudo: .*(password|askpass)/i,
    message: ({ host, user }) => `sudo on ${host} asks "${user}" for a password`,
    hint: allowSudo,
  },
  {
    pattern: /not in the sudoers file|not allowed to (run sudo|execute)/i,
    message: ({ host, user }) => `"${user}" may not use sudo on ${host}`,
    hint: allowSudo,
  },
  {
    pattern: /^sudo: /m,
    message: ({ host, printed }) => `sudo fails on ${host}: ${printed}`,
    hint: ({ host, user }) => `make "sudo -n true" work for "${user}" on ${host}, ${NO_SUDO}`,
  },
  {
    pattern: /allows sftp connections only/i,
    message: ({ host, user }) => `"${user}" may use only sftp on ${host}, and cannot run commands`,
    hint: ({ host, user }) =>
      `remove ForceCommand internal-sftp for "${user}" from sshd_config on ${host}, ${OTHER_USER}`,
  },
];

/** The reason if no pattern matches. */
const NO_COMMANDS: Reason = {
  pattern: /^/,
  message: ({ host, user, printed }) => `the login of "${user}" on ${host} runs no commands: ${printed}`,
  hint: ({ host, user }) =>
    `on ${host}, give "${user}" a shell (chsh -s /bin/sh ${user}) and remove ForceCommand or command= for it, ${OTHER_USER}`,
};

/** The error for a command that never started because the login ended first, with the reason and a hint. */
export function loginFailure({ host, user = "<user>", code, stdout, stderr }: FailedLogin): MaandError {
  const text = `${stdout}\n${stderr}`;
  const login = { host, user, printed: printedBy(text, code) };
  const reason = REASONS.find(({ pattern }) => pattern.test(text)) ?? NO_COMMANDS;
  return new MaandError({
    code: reason.code ?? "AUTH_FAILED",
    worker: host,
    message: reason.message(login),
    hint: reason.hint(login),
  });
}

const LONGEST = 160;

/** The last non-empty line, as a part of a sentence. */
function printedBy(text: string, code: number | null): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.replace(/\p{C}+/gu, " ").trim());
  const last = lines.filter((line) => line !== "").at(-1);
  if (last === undefined) return code === null ? "it was closed immediately" : `it exited with code ${code}`;
  return `it printed "${last.length > LONGEST ? `${last.slice(0, LONGEST)}...` : last}"`;
}
