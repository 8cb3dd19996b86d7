import type { Remote } from "@maand/core";
import { lastLines } from "@maand/core/internal";

/** Healthy if the command exits with 0 on the worker. */
export async function probeSsh(
  connect: () => Promise<Remote>,
  command: string,
  { timeoutMs, signal, deadline }: { timeoutMs: number; signal: AbortSignal; deadline: AbortSignal },
): Promise<string> {
  const remote = await before(deadline, connect());
  const options = { asRoot: true, timeoutMs, graceMs: 1_000, signal };
  const result = await remote.probe(["bash", "-lc", command], options);
  if (result.code === 0) return "exit code 0";
  const [last] = lastLines(result, 1);
  throw new Error(last === undefined ? `exit code ${result.code}` : `exit code ${result.code}: ${last}`);
}

/** The same promise, abandoned after the timeout. */
function before<T>(deadline: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = () => reject(deadline.reason);
    if (deadline.aborted) over();
    deadline.addEventListener("abort", over, { once: true });
    promise.then(resolve, reject).finally(() => deadline.removeEventListener("abort", over));
  });
}
