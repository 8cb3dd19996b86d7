import { mkdirSync } from "node:fs";
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { must, run } from "./command.ts";

/** The unprivileged user of fleet workers, who can run any command with sudo without a password. */
export const ACCOUNT = "maandtest";

const SUDOERS = `/etc/sudoers.d/${ACCOUNT}`;
const RULE = `${ACCOUNT} ALL=(ALL:ALL) NOPASSWD: ALL\n`;

/** Creates the user and its sudo rule if they do not exist yet. Safe if several fleets start at the same time. */
export async function ensureAccount(): Promise<void> {
  mkdirSync("/run/sshd", { recursive: true });
  mkdirSync("/opt/worker", { recursive: true });
  if ((await run(["getent", "passwd", ACCOUNT])).code !== 0) await addUser();
  if ((await readFile(SUDOERS, "utf8").catch(() => "")) !== RULE) await addRule();
}

/** Replaces the locked password `!` with `*`, because sshd without PAM refuses a locked account, even with a key. */
async function addUser(): Promise<void> {
  const added = await run(["useradd", "--create-home", "--shell", "/bin/sh", "--password", "*", ACCOUNT]);
  const exists = 9;
  if (added.code !== 0 && added.code !== exists) throw new Error(`useradd: ${added.stderr.trim()}`);
}

async function addRule(): Promise<void> {
  const fresh = `/etc/.${ACCOUNT}-${process.pid}`;
  await writeFile(fresh, RULE);
  await chmod(fresh, 0o440);
  await must(["visudo", "--check", "--quiet", "--file", fresh]);
  await rename(fresh, SUDOERS);
}
