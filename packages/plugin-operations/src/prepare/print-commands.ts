import type { Login, Worker } from "@maand/core";
import { shellLine } from "@maand/core/internal";
import { installLine } from "./apply-changes.ts";
import { TOOLS } from "./worker-state.ts";

/** The commands to prepare one worker by hand, with a comment before each step. */
export function commandsByHand({ host }: Pick<Worker, "host">, { user, port, keyFile, sudo }: Login): string[] {
  const at = port === 22 ? [] : ["-p", String(port)];
  const tools = sudo ? [...TOOLS, "sudo"] : [...TOOLS];
  const onWorker = (line: string) => shellLine(["ssh", "-t", ...at, `root@${host}`, line]);
  const rule = `echo '${user} ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/maand-${user.replaceAll(".", "_")} && chmod 440 /etc/sudoers.d/maand-${user.replaceAll(".", "_")}`;
  return [
    `# ${host}: programs; on a machine without apt-get, with its own package manager`,
    onWorker(installLine("apt-get", tools).replace(" && sudo ", " && ")),
    ...(user === "root"
      ? []
      : [
          `# ${host}: the user, if it does not exist`,
          onWorker(`useradd --create-home --shell /bin/bash ${user} && usermod --password '*' ${user}`),
        ]),
    ...(sudo && user !== "root" ? [`# ${host}: sudo without a password`, onWorker(rule)] : []),
    `# ${host}: the public key`,
    user === "root"
      ? shellLine(["ssh-copy-id", "-i", `${keyFile}.pub`, ...at, `root@${host}`])
      : `${shellLine(["ssh", ...at, `root@${host}`, `su -s /bin/sh ${user} -c 'umask 077; cd && mkdir -p .ssh && cat >> .ssh/authorized_keys'`])} < ${shellLine([`${keyFile}.pub`])}`,
    `# ${host}: the check; it prints ${sudo || user === "root" ? "0, the id of root" : `the id of ${user}`}`,
    shellLine(["ssh", "-i", keyFile, ...at, `${user}@${host}`, sudo && user !== "root" ? "sudo -n id -u" : "id -u"]),
  ];
}
