import { accessSync, constants, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Fleet } from "../../support/fleet/index.ts";
import { type Contender, program } from "../suite.ts";

/**
 * Other programs that run a command on each worker of a fleet, and those that are skipped because they are not
 * installed.
 */
export interface Peers {
  readonly contenders: readonly Contender[];
  /** A sentence for each missing program. */
  readonly skipped: readonly string[];
}

/** The peers on this machine: each with as many processes as there are workers, and Ansible with pipelining. */
export function peersOn(fleet: Fleet, floor: string): Peers {
  const given = { ...written(fleet), count: fleet.workers.length, user: fleet.user, key: fleet.key.path };
  const found = [...ansible(given), ...parallelSsh(given), ...clustershell(given), ...openssh(given)];
  const missing = new Map(found.filter(({ argv }) => !isInstalled(argv)).map(({ argv, from }) => [from, nameOf(argv)]));
  return {
    contenders: found
      .filter(({ argv }) => isInstalled(argv))
      .map(({ name, argv }) => ({ name, floor, run: () => program(argv, fleet.directory) })),
    skipped: [...missing].map(([from, name]) => `${name} is not installed, and left out (apt-get install ${from})`),
  };
}

interface Peer {
  readonly name: string;
  readonly argv: readonly string[];
  /** The Debian package. */
  readonly from: string;
}

interface Given {
  readonly inventory: string;
  readonly hosts: string;
  readonly list: string;
  readonly sshConfig: string;
  readonly count: number;
  readonly user: string;
  readonly key: string;
}

/** The lists of workers in the formats of the peers. Their ssh neither asks questions nor stores host keys. */
function written({ directory, workers, user, key }: Fleet): Pick<Given, "inventory" | "hosts" | "list" | "sshConfig"> {
  const file = (name: string, lines: readonly string[]) => {
    const path = join(directory, name);
    writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
    return path;
  };
  const options = ["StrictHostKeyChecking no", "UserKnownHostsFile /dev/null", "LogLevel ERROR"];
  const login = [...options, `User ${user}`, `IdentityFile ${key.path}`, "IdentitiesOnly yes"];
  const hosts = workers.flatMap(({ host, port }) => [`Host ${host}`, `  Port ${port}`]);
  const sshConfig = file("peers.ssh", [...hosts, "Host *", ...login.map((line) => `  ${line}`)]);
  const about = `ansible_user=${user} ansible_ssh_private_key_file=${key.path} ansible_ssh_common_args='-F ${sshConfig}'`;
  return {
    sshConfig,
    inventory: file(
      "peers.ini",
      workers.map(
        ({ host, port }) => `${host} ansible_port=${port} ansible_python_interpreter=/usr/bin/python3 ${about}`,
      ),
    ),
    hosts: file(
      "peers.hosts",
      workers.map(({ host }) => host),
    ),
    list: workers.map(({ host }) => host).join(","),
  };
}

function ansible({ inventory, count }: Given): Peer[] {
  const settings = ["ANSIBLE_PIPELINING=True", "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_NOCOLOR=1"];
  const all = ["env", ...settings, "ansible", "all", "-i", inventory, "-f", String(count)];
  const from = "ansible-core";
  return [
    { name: "Ansible raw", argv: [...all, "-m", "raw", "-a", "true"], from },
    { name: "Ansible command", argv: [...all, "-m", "command", "-a", "true"], from },
    { name: "Ansible copy", argv: [...all, "-m", "copy", "-a", "content=one dest=/tmp/maand-peer"], from },
  ];
}

function parallelSsh({ hosts, count, sshConfig }: Given): Peer[] {
  const argv = ["parallel-ssh", "-h", hosts, "-p", String(count), "-x", `-F ${sshConfig}`, "true"];
  return [{ name: "parallel-ssh", argv, from: "pssh" }];
}

function clustershell({ list, count, sshConfig }: Given): Peer[] {
  const argv = ["clush", "-w", list, "-f", String(count), "-o", `-F ${sshConfig}`, "true"];
  return [{ name: "clush", argv, from: "clustershell" }];
}

/** One ssh for each worker; and the same through connections that stay open, which the warm-up opens. */
function openssh({ hosts, count, sshConfig }: Given): Peer[] {
  const each = ["xargs", "-a", hosts, "-P", String(count), "-I{}", "ssh", "-F", sshConfig];
  const control = ["-o", "ControlMaster=auto", "-o", "ControlPath=/tmp/maand-%C", "-o", "ControlPersist=60"];
  return [
    { name: "OpenSSH, one process each", argv: [...each, "{}", "true"], from: "openssh-client" },
    {
      name: "OpenSSH, connected before (ControlMaster)",
      argv: [...each, ...control, "{}", "true"],
      from: "openssh-client",
    },
  ];
}

/** The program of a command line, after the settings of its environment. */
function nameOf(argv: readonly string[]): string {
  return argv.slice(argv[0] === "env" ? 1 : 0).find((word) => !word.includes("=")) ?? "";
}

function isInstalled(argv: readonly string[]): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((place) => {
    try {
      accessSync(join(place, nameOf(argv)), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
