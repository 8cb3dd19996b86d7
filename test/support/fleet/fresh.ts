import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { must } from "./command.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetWorker } from "./worker.ts";

/** The sshd configuration of workers for {@link makeFresh}, as on a new machine from a cloud provider. */
export const FRESH_SSHD = [
  "AuthorizedKeysFile .ssh/authorized_keys",
  "PermitRootLogin yes",
  "PasswordAuthentication yes",
] as const;

/** Properties of a newly installed machine. */
export interface Fresh {
  /** The password of root. */
  readonly password: string;
  /** A public key with which root can log in. */
  readonly authorized?: string;
}

/** The user that tests create on fresh workers. This machine may also have a user with that name. */
const PREPARED_USER = "agent";

/** Directories of this machine that a fresh worker copies, so that no other worker sees its changes. */
const OWN = ["/etc", "/usr", "/home", "/root", "/var"];

/**
 * A replacement for apt-get. It takes no lock, records each call, and restores hidden programs instead of installing
 * them.
 */
const APT_GET = `#!/bin/sh
echo "apt-get $*" >>/var/log/apt-calls
case " $* " in *" update "*) exit 0 ;; esac
for word; do
  if [ -e "/var/hidden/$word" ]; then cp -a "/var/hidden/$word" "/usr/bin/$word"; echo "Setting up $word"; fi
done
`;

/**
 * Makes a worker like a newly installed machine: sets the password of root, and removes the keys of root, the prepared
 * user, the sudo rules and rsync. The worker gets its own file system, layered over the file system of this machine,
 * and an apt-get that needs no network.
 */
export async function makeFresh(fleet: Fleet, worker: FleetWorker, { password, authorized }: Fresh): Promise<void> {
  const layers = join(fleet.directory, `fresh-${worker.port}`);
  await mkdir(layers, { recursive: true });
  await inside(worker, ["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", layers]);
  for (const path of OWN) {
    const [upper, work] = [`${layers}${path}-upper`, `${layers}${path}-work`];
    await inside(worker, ["mkdir", upper, work]);
    await inside(worker, [
      ...["mount", "-t", "overlay", "-o", `lowerdir=${path},upperdir=${upper},workdir=${work}`, "overlay", path],
    ]);
  }
  const hash = (await must(["openssl", "passwd", "-6", password])).trim();
  await inside(worker, ["usermod", "--password", hash, "root"]);
  await inside(worker, [
    "sh",
    "-c",
    `if getent passwd ${PREPARED_USER}; then userdel ${PREPARED_USER}; fi; rm -rf /home/${PREPARED_USER}`,
  ]);
  await inside(worker, [
    "sh",
    "-c",
    "rm -rf /root/.ssh /etc/sudoers.d/*; mkdir /var/hidden; mv /usr/bin/rsync /var/hidden/",
  ]);
  await inside(
    worker,
    ["sh", "-c", "rm -f /usr/bin/apt-get && cat >/usr/bin/apt-get && chmod 755 /usr/bin/apt-get"],
    APT_GET,
  );
  if (authorized === undefined) return;
  await inside(
    worker,
    ["sh", "-c", "umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/authorized_keys"],
    `${authorized}\n`,
  );
}

async function inside(worker: FleetWorker, argv: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await worker.run(argv, input);
  if (code !== 0) throw new Error(`${argv.join(" ")} exited with ${code}: ${stderr.trim()}`);
}
