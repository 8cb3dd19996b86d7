import { fileURLToPath } from "node:url";
import type { Fleet } from "../../support/fleet/index.ts";
import { type Contender, program } from "../suite.ts";

const BARE = fileURLToPath(new URL("../bare-ssh2.mjs", import.meta.url));

/**
 * A program that connects to all workers of a fleet with bare ssh2 and runs commands as root on each, one after the
 * other, each in its own channel.
 */
export function bareProgram(fleet: Fleet, name: string, ...commands: readonly string[]): Contender {
  return { name, run: () => runBare(fleet, commands) };
}

/**
 * Runs {@link bareProgram} once. `places` are the addresses of the workers, if they differ from those they listen on.
 */
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
