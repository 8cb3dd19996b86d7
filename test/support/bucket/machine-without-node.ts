import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The result of a command line on the machine. */
export interface RanThere {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A root directory with the programs of this machine except Node, and without the repository. */
export interface MachineWithoutNode {
  readonly root: string;
  /** Runs a shell line with this directory as `/`. */
  type(line: string): RanThere;
  /** Runs dpkg on this directory, where the packages of this machine count as installed. */
  dpkg(...args: readonly string[]): void;
  dispose(): void;
}

const NODE = /^(node|nodejs|npm|npx|corepack|pnpm|pnpx|yarn|node_modules)$/;

/** Runs a line in separate mounts, which end with the process. Files that cannot be executed are mounted over node. */
const ENTER = `set -eu
root=$1 line=$2
mount --rbind /usr "$root/host/usr"
for name in node nodejs; do
  if [ -e "$root/host/usr/bin/$name" ]; then mount --bind /dev/null "$root/host/usr/bin/$name"; fi
done
for name in etc proc dev; do mount --rbind "/$name" "$root/$name"; done
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 NO_COLOR=1 sh -c "$line"`;

export function machineWithoutNode(): MachineWithoutNode {
  const root = mkdtempSync(join(tmpdir(), "maand-machine-"));
  for (const name of ["etc", "proc", "dev", "tmp", "root", "opt", "srv", "host/usr"])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    symlinkSync(`usr/${name}`, join(root, name));
    mkdirSync(join(root, "usr", name), { recursive: true });
    for (const entry of readdirSync(join("/usr", name)).filter((one) => !NODE.test(one)))
      symlinkSync(`/host/usr/${name}/${entry}`, join(root, "usr", name, entry));
  }
  mkdirSync(join(root, "var/lib/dpkg/info"), { recursive: true });
  mkdirSync(join(root, "var/lib/dpkg/updates"));
  cpSync("/var/lib/dpkg/status", join(root, "var/lib/dpkg/status"));
  return {
    root,
    type(line) {
      const args = ["--mount", "sh", "-c", ENTER, "sh", root, line];
      const { status, stdout, stderr } = spawnSync("unshare", args, { cwd: "/", encoding: "utf8" });
      return { code: status, stdout, stderr };
    },
    dpkg: (...args) => void execFileSync("dpkg", [`--root=${root}`, ...args], { stdio: "pipe" }),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}
