import { join } from "node:path";
import { isMaandError } from "../../errors.ts";
import { Store } from "../store.ts";
import { takeLock } from "./bucket-lock.ts";

/**
 * Runs as a separate process, and takes the lock of the given directory. `keep` holds the lock until stdin ends. The
 * only reference to the lock is in lock.ts, and all garbage is collected.
 */
const [, , directory = "", mode = "try"] = process.argv;
const store = Store.open(join(directory, "maand.db"));

function attempt(): string {
  try {
    const holder = { pid: process.pid, command: "build", since: "2031-01-01T00:00:00.000Z" };
    const lock = takeLock(join(directory, "maand.lock"), holder, store.holder);
    if (mode === "try") lock.release();
    return "taken";
  } catch (cause) {
    return isMaandError(cause) ? `${cause.code} ${cause.message}` : `thrown ${String(cause)}`;
  }
}

const printed = attempt();
if (mode === "keep") {
  await collectGarbage();
  process.stdin.resume();
}
process.stdout.write(`${printed}\n`);

/** Collects garbage until an unreferenced object is freed, and a few times more. */
async function collectGarbage(): Promise<void> {
  const { gc } = globalThis;
  if (!gc) throw new Error("run this with --expose-gc");
  const unreferenced = new WeakRef({});
  do {
    await turn(); // an object that deref returned stays alive until the end of the turn
    gc();
    await turn();
  } while (unreferenced.deref());
  for (let round = 0; round < 3; round += 1) {
    gc();
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
