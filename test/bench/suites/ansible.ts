import { writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Fleet } from "../../support/fleet/index.ts";
import { checkChanges, PLACE, textOf, VALUES } from "./changed-files.ts";
import { type Peer, PRINTED } from "./peer.ts";
import type { PeerFiles } from "./peer-files.ts";

const SERVICE = "maand-bench";
/** A service that writes a line for each start. A restart is a stop and a start. */
const INIT_SCRIPT = `#!/bin/sh
case "$1" in
  start) echo started >>/opt/worker/started; echo yes >/opt/worker/running ;;
  stop) rm -f /opt/worker/running ;;
  status) test -e /opt/worker/running && echo "${SERVICE} is running" ;;
esac
`;

/** Ansible with pipelining, as many forks as there are workers, and without facts. */
export async function ansiblePeers(fleet: Fleet, { inventory, count }: PeerFiles): Promise<Peer[]> {
  const settings = ["ANSIBLE_PIPELINING=True", "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_NOCOLOR=1"];
  const where = ["-i", inventory, "-f", String(count)];
  const module = (name: string, ...argument: readonly string[]) => [
    ...["env", ...settings, "ansible", "all", "-b", ...where, "-m", name, "-a", argument.join(" ")],
  ];
  const from = "ansible-core";
  const hasChanged = /^\S+ \| CHANGED/gm;
  const playbook = writePlaybook(fleet.directory);
  let version = 0;
  await addService(fleet);
  return [
    { name: "Ansible raw", argv: () => module("raw", PRINTED), from, succeeded: /^ran$/gm, kind: "others" },
    { name: "Ansible command", argv: () => module("command", PRINTED), from, succeeded: /^ran$/gm, kind: "command" },
    {
      ...{ name: "Ansible copy", from, succeeded: hasChanged, kind: "others", turns: 1 },
      argv: () => module("copy", `content=${++version}`, "dest=/opt/worker/copied"),
    },
    {
      ...{ name: "Ansible service, restarted", from, succeeded: hasChanged, kind: "others", turns: 1 },
      argv: () => module("service", `name=${SERVICE}`, "state=restarted", "use=service"),
    },
    {
      ...{ name: "Ansible, a playbook of four tasks", from, kind: "changes", turns: 1 },
      argv: () => ["env", ...settings, "ansible-playbook", ...where, "-e", `text=${textOf(++version)}`, playbook],
      succeeded: /^\S+ +: ok=4 +changed=4 +unreachable=0 +failed=0 /gm,
      check: () => checkChanges(fleet, PLACE, version),
    },
  ];
}

function writePlaybook(directory: string): string {
  const copies = VALUES.map((name) => ({ copy: { content: "{{ text }}", dest: `${PLACE}/${name}` } }));
  const tasks = [...copies, { command: `make -s -C ${PLACE} restart` }];
  const path = join(directory, "peers.json");
  writeFileSync(path, JSON.stringify([{ hosts: "all", gather_facts: false, become: true, tasks }]));
  return path;
}

/** Installs the service on all workers of the fleet, and nowhere else. */
async function addService({ directory, workers }: Fleet): Promise<void> {
  const scripts = join(directory, "init.d");
  await mkdir(scripts);
  await writeFile(join(scripts, SERVICE), INIT_SCRIPT, { mode: 0o755 });
  await Promise.all(
    workers.map(async (worker) => {
      const { code, stderr } = await worker.run(["mount", "--bind", scripts, "/etc/init.d"]);
      if (code !== 0) throw new Error(`mount --bind ${scripts} /etc/init.d exited with ${code}: ${stderr}`);
      await worker.write("/opt/worker/running", "yes\n");
    }),
  );
}
