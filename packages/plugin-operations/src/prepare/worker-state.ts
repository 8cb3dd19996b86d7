/** The account that maand needs on a worker. */
export interface Wanted {
  readonly user: string;
  /** Type and base64 of the public key. */
  readonly publicKey: string;
  /** Whether the user needs sudo. */
  readonly sudo: boolean;
}

/** What a worker lacks. */
export interface Lacks {
  readonly account: boolean;
  readonly key: boolean;
  readonly sudoRule: boolean;
  /** Programs that are missing. */
  readonly tools: readonly string[];
  /** The package manager of the worker: `apt-get`, `dnf`, ...; undefined if none is known. */
  readonly manager: string | undefined;
}

/** The programs that a worker needs; sudo only with `use_sudo`. */
export const TOOLS = ["bash", "make", "python3", "rsync"] as const;

/** Package managers, in the order of the search. */
export const MANAGERS = ["apt-get", "dnf", "yum", "zypper", "apk", "pacman"] as const;

/** Prints what exists, one `name value` per line. Arguments: the user, the base64 of the key, then the programs. */
const CHECK = `user=$1; key=$2; shift 2
has() { command -v "$1" >/dev/null 2>&1; }
if id "$user" >/dev/null 2>&1; then
  echo account yes
  home=$(getent passwd "$user" 2>/dev/null | cut -d: -f6); [ -n "$home" ] || home=$(eval echo "~$user")
  grep -qsF -- "$key" "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2" && echo key yes
  if [ "$user" = root ]; then echo sudo yes
  elif has sudo && sudo -n -u "$user" -- sudo -n true >/dev/null 2>&1; then echo sudo yes; fi
fi
for tool; do has "$tool" || echo "lacks $tool"; done
for manager in ${MANAGERS.join(" ")}; do if has "$manager"; then echo "manager $manager"; break; fi; done
echo end`;

/** The command that reports the state of a worker; run as root. */
export function checkCommand({ user, publicKey, sudo }: Wanted): readonly string[] {
  const tools = sudo ? [...TOOLS, "sudo"] : TOOLS;
  return ["sh", "-c", CHECK, "sh", user, publicKey.split(" ")[1] ?? publicKey, ...tools];
}

/** Parses the output of {@link checkCommand}; undefined if it is incomplete. */
export function readLacks(text: string, { sudo }: Wanted): Lacks | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  if (!lines.includes("end")) return undefined;
  const after = (name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name} `) ? line.slice(name.length + 1) : []));
  const manager = MANAGERS.find((known) => after("manager").includes(known));
  return {
    account: !lines.includes("account yes"),
    key: !lines.includes("key yes"),
    sudoRule: sudo && !lines.includes("sudo yes"),
    tools: after("lacks"),
    manager,
  };
}

/** The changes, as a list of phrases; empty if nothing is missing. */
export function lacksInWords({ account, key, sudoRule, tools, manager }: Lacks, { user }: Wanted): string[] {
  return [
    ...(account ? [`create user ${user}`] : []),
    ...(key ? [`add the public key for ${user}`] : []),
    ...(sudoRule ? [`allow ${user} to use sudo without a password`] : []),
    ...(tools.length > 0 ? [`install ${tools.join(", ")} with ${manager ?? "the package manager"}`] : []),
  ];
}
