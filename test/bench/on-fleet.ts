import { MAAND } from "../support/bucket/maand.ts";
import type { Scratch } from "../support/bucket/scratch.ts";
import { type Fleet, remotesFor } from "../support/fleet/index.ts";
import { measure } from "./process.ts";

/** Runs maand in its own process and returns the elapsed milliseconds; throws if it failed. */
export async function must(bucket: Scratch, ...args: readonly string[]): Promise<number> {
  const { ms, code, stderr } = await measure([process.execPath, MAAND, ...args], bucket.root);
  if (code !== 0) throw new Error(`${args.join(" ")} exited with ${code}:\n${stderr.slice(-2000)}`);
  return ms;
}

/** Milliseconds to connect all workers of a fleet and run one command on each through a separate channel. */
export async function channelsOf(fleet: Fleet, command: string): Promise<number> {
  const remotes = remotesFor(fleet);
  const began = performance.now();
  await Promise.all(
    fleet.workers.map(async (worker) => (await remotes.connect(worker)).exec([command], { asRoot: true })),
  );
  const took = performance.now() - began;
  await remotes.close();
  return took;
}
