import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * The number of bytes in live buffers, after garbage collection. After a collection, Node frees the memory of dead
 * buffers on another thread, and only the next collection waits for that thread.
 */
export function liveBufferBytes(): number {
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** Node exposes the collector only to programs that are started with `--expose-gc`. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc === "function") gc();
}
