import { MaandError } from "@maand/core";

const SUDO_RULE = "'USER ALL=(ALL) NOPASSWD: ALL'";

/** What sudo and the shell print where no runner can be started, what it means, and what to do about it. */
const KNOWN: readonly (readonly [RegExp, string, string])[] = [
  [
    /sudo: .*must have a tty/,
    "sudo wants a terminal (requiretty)",
    "write 'Defaults:USER !requiretty' into /etc/sudoers.d/maand there, USER being the ssh user",
  ],
  [
    /sudo: .*(password is required|terminal is required)/,
    "sudo asks the ssh user for a password",
    `write ${SUDO_RULE} into /etc/sudoers.d/maand there, USER being the ssh user, or set use_sudo = false in maand.conf`,
  ],
  [
    /(not in the sudoers file|is not allowed to (run|execute)|may not run sudo)/,
    "the ssh user may not run python3 with sudo",
    `write ${SUDO_RULE} into /etc/sudoers.d/maand there, USER being the ssh user, or set use_sudo = false in maand.conf`,
  ],
  [/python3: (command )?not found|python3.*No such file/, "python3 is missing", "install python3 there"],
  [
    /sudo: (command )?not found|sudo.*No such file/,
    "sudo is missing",
    "install sudo there, or set use_sudo = false in maand.conf",
  ],
];

/** Why no runner starts on a worker, in one sentence with the fix; undefined where that is not understood. */
export function startFailure(host: string, errorText: string): MaandError | undefined {
  const found = KNOWN.find(([pattern]) => pattern.test(errorText));
  if (!found) return undefined;
  const [, what, fix] = found;
  const output = errorText.split("\n").filter((line) => line !== "");
  return new MaandError({ code: "WORKER_LACKS", worker: host, message: `${host}: ${what}`, hint: fix, output });
}
