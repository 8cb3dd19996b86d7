import { type Context, createContext, Script } from "node:vm";

/**
 * Calls the function `wait`. This is a script, and not a normal call, because Ctrl-C can interrupt a script even while
 * it blocks this thread.
 */
const SCRIPT = "wait()";

let prepared: { readonly script: Script; readonly context: Context } | undefined;

/**
 * Blocks this thread until another thread wakes it, or until `ms` milliseconds have passed. Does not wait if the value
 * of `signal` is not `seen`. Ctrl-C ends the wait. In this case, calls the listeners of SIGINT and returns false.
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
 * Whether an error was thrown because Ctrl-C interrupted the script. `instanceof Error` is false for such an error,
 * because the context of the script has its own class Error.
 */
function isInterruption(cause: unknown): boolean {
  return (
    typeof cause === "object" && cause !== null && "code" in cause && cause.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED"
  );
}
