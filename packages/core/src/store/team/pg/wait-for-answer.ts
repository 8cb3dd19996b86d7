import { type Context, createContext, Script } from "node:vm";

/**
 * Calls the function `wait` of its context, as a script, because Ctrl-C can end a script even while its thread is
 * blocked by waiting for another thread.
 */
const SCRIPT = "wait()";

let prepared: { readonly script: Script; readonly context: Context } | undefined;

/**
 * Waits until the value is no longer `seen`, or for `ms`. Ctrl-C ends the wait and calls the listeners of SIGINT, which
 * otherwise could not run until the wait is over. In this case, it returns false.
 */
export function waitForAnswer(signal: Int32Array, seen: number, ms: number): boolean {
  prepared ??= { script: new Script(SCRIPT), context: createContext({}) };
  const { script, context } = prepared;
  Object.assign(context, { wait: () => Atomics.wait(signal, 0, seen, ms) });
  try {
    script.runInContext(context, { breakOnSigint: true });
    return true;
  } catch (cause) {
    if (!isInterruption(cause)) throw cause;
    process.emit("SIGINT", "SIGINT");
    return false;
  }
}

/**
 * Whether an error is the interruption of the script. It belongs to the context of the script, which has its own class
 * Error.
 */
function isInterruption(cause: unknown): boolean {
  return (
    typeof cause === "object" && cause !== null && "code" in cause && cause.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED"
  );
}
