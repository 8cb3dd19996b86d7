import { fileURLToPath } from "node:url";
import type { Fleet } from "../../support/fleet/index.ts";
import { type Contender, program } from "../suite.ts";

const BARE = fileURLToPath(new URL("../bare-ssh2.mjs", import.meta.url));

/**
 * A program that only connects all workers of a fleet with bare ssh2, and runs commands on each as root, one after the
 * other, each in its own channel.
 */
export function bareProgram(fleet: Fleet, name: string, ...commands: readonly string[]): Contender {
  return { name, run: () => runBare(fleet, commands) };
}

/** Runs {@link bareProgram} once; `places`: where workers are reached, if not where they listen. */
export function runBare(
  { user, sudo, key, workers }: Fleet,
  commands: readonly string[],
  places: readonly { readonly host: string; readonly port: number }[] = workers,
) {
  const given = {
    user,
    key: key.path,
    commands: commands.map((command) => `${sudo ? "sudo -n " : ""}${command}`),
    workers: places.map(({ host, port }) => ({ host, port })),
  };
  return program([process.execPath, BARE, JSON.stringify(given)], "/");
}
