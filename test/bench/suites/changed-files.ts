import type { Fleet } from "../../support/fleet/index.ts";

/** Where programs other than maand make the four changes, on each worker. */
export const PLACE = "/opt/worker/four";
/** The files that change. */
export const VALUES = ["a.conf", "b.conf", "c.conf"] as const;

/** Each restart writes a line. */
const RESTARTS = "/opt/worker/restarts";
export const MAKEFILE = `start stop restart reload:\n\t@echo $@ >>${RESTARTS}\n`;

/** What all files have in a version: no blank and no quote, so that it is the same word for every shell. */
export function textOf(version: number): string {
  return `setting=${version};`.repeat(50);
}

/** Fails unless all workers have the files of a version in a directory, and were restarted; forgets the restarts. */
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
