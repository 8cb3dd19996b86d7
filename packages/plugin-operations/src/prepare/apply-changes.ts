import { UNATTENDED_ENVIRONMENT, UNATTENDED_SCRIPT } from "@maand/command/on-workers";
import type { Lacks, Wanted } from "./worker-state.ts";

/**
 * Commands that install packages without prompting, by package manager; one per line, so that `set -e` detects each
 * failure.
 */
const INSTALL: Readonly<Record<string, string>> = {
  "apt-get": "apt-get -q update\napt-get -q -y --no-install-recommends install",
  dnf: "dnf -q -y install",
  yum: "yum -q -y install",
  zypper: "zypper --non-interactive install",
  apk: "apk add",
  pacman: "pacman -Sy --noconfirm",
};

/** With `*` as the password, no password is accepted. With `!`, sshd may treat the account as locked. */
const ACCOUNT = `useradd --create-home --shell /bin/bash -- "$MAAND_USER" 2>/dev/null || adduser -D -- "$MAAND_USER"
usermod --password '*' -- "$MAAND_USER" 2>/dev/null || true`;

/**
 * Runs as the user, so that root does not follow a link in the user's home directory, and the owner of the file is
 * correct.
 */
const KEY = `su -s /bin/sh "$MAAND_USER" -c 'umask 077; cd && mkdir -p .ssh && touch .ssh/authorized_keys &&
{ [ -z "$(tail -c 1 .ssh/authorized_keys)" ] || echo >>.ssh/authorized_keys; } &&
printf "%s\\n" "$MAAND_KEY" >>.ssh/authorized_keys'
! command -v restorecon >/dev/null 2>&1 || su -s /bin/sh "$MAAND_USER" -c 'cd && restorecon -RF .ssh' || true`;

/** sudo ignores files with a dot in their name. A rule that visudo refuses would disable sudo for all users. */
const SUDO_RULE = `rule=/etc/sudoers.d/maand-$(printf %s "$MAAND_USER" | tr . _)
umask 227
printf "%s ALL=(ALL:ALL) NOPASSWD: ALL\\n" "$MAAND_USER" >"$rule.new~"
visudo -cqf "$rule.new~" && mv -f "$rule.new~" "$rule" || { rm -f "$rule.new~"; echo "visudo refused the rule" >&2; exit 1; }
umask 022`;

/** The script that makes the changes, as root; it stops at the first failure. */
export function changeScript({ account, key, sudoRule, tools, manager = "" }: Lacks): string {
  const install = INSTALL[manager];
  return [
    "set -e",
    ...(tools.length > 0 && install !== undefined ? [`${install} ${tools.join(" ")}`] : []),
    ...(account ? [ACCOUNT] : []),
    ...(key ? [KEY] : []),
    ...(sudoRule ? [SUDO_RULE] : []),
  ].join("\n");
}

/**
 * The command that makes the changes. With apt, it waits until no other program holds apt's locks, and prints the
 * holder.
 */
export function changeCommand(lacks: Lacks, { user, publicKey }: Wanted): readonly string[] {
  const script = changeScript(lacks);
  const env = { ...UNATTENDED_ENVIRONMENT, LC_ALL: "C", MAAND_USER: user, MAAND_KEY: publicKey };
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  if (lacks.manager !== "apt-get") return ["env", ...words, "sh", "-c", script];
  return ["env", ...words, `MAAND_SCRIPT=${script}`, ...UNATTENDED_SCRIPT.map(String)];
}

/** The command a person types to install programs on a worker, by package manager. */
export function installLine(manager: string, tools: readonly string[]): string {
  return `${INSTALL[manager] ?? manager} ${tools.join(" ")}`.replace("\n", " && sudo ");
}
