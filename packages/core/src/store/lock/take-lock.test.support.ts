import { join } from "node:path";
import { isMaandError } from "../../errors.ts";
import { Store } from "../store.ts";
import { takeLock } from "./bucket-lock.ts";

/**
 * A process of its own that takes the lock of the given directory. `keep` holds it until stdin ends, with no reference
 * to it except the one in lock.ts, and with all garbage collected.
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
  let isGone = false;
  const registry = new FinalizationRegistry(() => {
    isGone = true;
  });
  registry.register({}, undefined);
  while (!isGone) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let round = 0; round < 3; round += 1) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
