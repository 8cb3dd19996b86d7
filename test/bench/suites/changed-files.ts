import type { Fleet } from "../../support/fleet/index.ts";

/** The directory on each worker in which other programs make the four changes. */
export const PLACE = "/opt/worker/four";
/** The files that change. */
export const VALUES = ["a.conf", "b.conf", "c.conf"] as const;

/** The file to which each restart appends a line. */
const RESTARTS = "/opt/worker/restarts";
export const MAKEFILE = `start stop restart reload:\n\t@echo $@ >>${RESTARTS}\n`;

/** The content of all files in a version. It has no spaces or quotes, so that every shell reads it as one word. */
export function textOf(version: number): string {
  return `setting=${version};`.repeat(50);
}

/** Prepares the workers for the first change. */
export async function prepareChanges({ workers }: Fleet): Promise<void> {
  for (const worker of workers) {
    await worker.write(`${PLACE}/Makefile`, MAKEFILE);
    await worker.write(RESTARTS, "");
  }
}

/**
 * Throws unless all workers have the files of a version in a directory and were restarted. Deletes the file that
 * records restarts.
 */
export async function checkChanges({ workers }: Fleet, place: string, version: number): Promise<void> {
  const wanted = [...VALUES.map(() => textOf(version)), "restart"];
  for (const worker of workers) {
    const found = await Promise.all(
      [...VALUES.map((name) => `${place}/${name}`), RESTARTS].map((path) => worker.read(path)),
    );
    const wrong = found.findIndex((text, at) => text.trim() !== wanted[at]);
    if (wrong >= 0)
      throw new Error(
        `${worker.host}: ${VALUES[wrong] ?? "restarts"} is not as in version ${version}: ${found[wrong]}`,
      );
    await worker.write(RESTARTS, "");
  }
}
