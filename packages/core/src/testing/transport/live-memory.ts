import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The bytes of buffers that are in use, after everything unused is collected. */
export function liveBufferBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** Node hides the collector from programs that are not started with `--expose-gc`. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc === "function") gc();
}
