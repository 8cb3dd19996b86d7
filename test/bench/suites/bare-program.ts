import { fileURLToPath } from "node:url";
import type { Fleet } from "../../support/fleet/index.ts";
import { type Contender, program } from "../suite.ts";

const BARE = fileURLToPath(new URL("../bare-ssh2.mjs", import.meta.url));

/** A program that connects all workers of a fleet with bare ssh2, and runs one command on each as root; nothing else. */
export function bareProgram({ user, sudo, key, workers }: Fleet, name: string, command: string): Contender {
  const places = workers.map(({ host, port }) => ({ host, port }));
  const line = `${sudo ? "sudo -n " : ""}${command}`;
  const given = JSON.stringify({ user, key: key.path, command: line, workers: places });
  return { name, run: () => program([process.execPath, BARE, given], "/") };
}
