import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fleet } from "../../support/fleet/index.ts";

/** The workers of a fleet, in the forms that other programs read. */
export interface PeerFiles {
  /** The Ansible inventory. */
  readonly inventory: string;
  /** A file with one host per line. */
  readonly hosts: string;
  /** The hosts, separated by commas. */
  readonly list: string;
  readonly sshConfig: string;
  readonly count: number;
}

/** Writes these files to the directory of the fleet. The ssh of the programs never prompts and stores no host keys. */
export function writePeerFiles({ directory, workers, user, key }: Fleet): PeerFiles {
  const file = (name: string, lines: readonly string[]) => {
    const path = join(directory, name);
    writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
    return path;
  };
  const options = ["StrictHostKeyChecking no", "UserKnownHostsFile /dev/null", "LogLevel ERROR"];
  const login = [...options, `User ${user}`, `IdentityFile ${key.path}`, "IdentitiesOnly yes"];
  const ports = workers.flatMap(({ host, port }) => [`Host ${host}`, `  Port ${port}`]);
  const sshConfig = file("peers.ssh", [...ports, "Host *", ...login.map((line) => `  ${line}`)]);
  const about = `ansible_user=${user} ansible_ssh_private_key_file=${key.path} ansible_ssh_common_args='-F ${sshConfig}'`;
  const inventory = workers.map(
    ({ host, port }) => `${host} ansible_port=${port} ansible_python_interpreter=/usr/bin/python3 ${about}`,
  );
  const hosts = workers.map(({ host }) => host);
  return {
    ...{ sshConfig, count: workers.length, list: hosts.join(",") },
    inventory: file("peers.ini", inventory),
    hosts: file("peers.hosts", hosts),
  };
}
