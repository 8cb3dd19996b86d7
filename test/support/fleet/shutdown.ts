import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Programs that take a machine down. On a fleet worker, they notify the test process, which takes the worker down. */
const PROGRAMS = ["shutdown", "reboot", "poweroff", "halt"];

/** The directory of these programs on a fleet worker. It comes first in the PATH of sudo and sshd. */
export const PROGRAMS_AT = "/usr/local/sbin";

/** A reboot with the times when the worker went down and was up again, in milliseconds of `performance.now()`. */
export interface Reboot {
  /** The command line: `shutdown -r now`. */
  readonly command: string;
  readonly downAt: number;
  readonly upAt: number | undefined;
}

/** Options of the reboots of a worker. */
export interface RebootOptions {
  /** Milliseconds until its sshd runs again; undefined if only the test starts it again. */
  readonly downMs: number | undefined;
  /**
   * Milliseconds between the end of `shutdown` and the end of all other processes; by default, `shutdown` ends with
   * them.
   */
  readonly answersMs?: number;
}

/** Writes shutdown programs that refuse, for a worker that does not reboot. They must never affect this machine. */
export async function writePrograms(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  await writeScripts(directory, "echo this fleet worker does not reboot >&2; exit 1");
}

/**
 * Reboots a worker each time one of its shutdown programs is called. Returns the list of reboots; `end` stops watching.
 */
export async function rebootOnShutdown(
  directory: string,
  { downMs, answersMs }: RebootOptions,
  worker: { stop(): Promise<void>; start(): Promise<void> },
): Promise<{ readonly reboots: readonly Reboot[]; end(): Promise<void> }> {
  const request = `${directory}/request`;
  const reboots: Reboot[] = [];
  let isWatching = true;
  const wait = answersMs === undefined ? "exec sleep 600" : "exit 0";
  await writeScripts(
    directory,
    `echo "$(basename "$0") $*" > ${PROGRAMS_AT}/.new && mv ${PROGRAMS_AT}/.new ${PROGRAMS_AT}/request || exit 1; ${wait}`,
  );
  const watching = (async () => {
    while (isWatching) {
      if (existsSync(request)) await goDown();
      else await sleep(5);
    }
  })();
  return {
    reboots,
    async end() {
      isWatching = false;
      await watching;
    },
  };

  async function goDown(): Promise<void> {
    const command = readFileSync(request, "utf8").trim();
    await rm(request);
    await sleep(answersMs ?? 0);
    const downAt = performance.now();
    // recorded before its connections close, because a test may check it as soon as its command ends with them
    const at = reboots.push({ command, downAt, upAt: undefined }) - 1;
    await worker.stop();
    if (downMs === undefined) return;
    await sleep(downMs);
    reboots[at] = { command, downAt, upAt: performance.now() };
    await worker.start();
  }
}

async function writeScripts(directory: string, script: string): Promise<void> {
  for (const program of PROGRAMS) {
    await writeFile(`${directory}/${program}`, `#!/bin/sh\n${script}\n`);
    await chmod(`${directory}/${program}`, 0o755);
  }
}
