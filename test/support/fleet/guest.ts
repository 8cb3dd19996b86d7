import { run } from "./command.ts";

/** A second, unprivileged user of this machine. */
export const GUEST = "maandguest";

/** Creates the user if it does not exist yet. */
export async function ensureGuest(): Promise<void> {
  if ((await run(["getent", "passwd", GUEST])).code === 0) return;
  const added = await run(["useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", GUEST]);
  const exists = 9;
  if (added.code !== 0 && added.code !== exists) throw new Error(`useradd: ${added.stderr.trim()}`);
}
