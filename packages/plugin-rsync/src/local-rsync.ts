import type { Duplex, Readable } from "node:stream";
import { startProcess } from "@maand/core/internal";

/** The rsync that runs on this machine. */
export interface LocalRsync {
  /** The data for the worker, starting with the command that rsync runs there. */
  readonly outgoing: Duplex;
  /** The data from the worker. */
  readonly incoming: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit code; null if a signal killed it, `"missing"` if the program does not exist. Never rejects. */
  readonly exit: Promise<number | null | "missing">;
  /** Stops it: SIGTERM first, SIGKILL a second later. */
  end(): void;
}

/** Milliseconds between SIGTERM and SIGKILL. */
const GRACE_MS = 1_000;

/**
 * Starts rsync, which is stopped when the signal aborts. Its file descriptors 3 and 4 are pipes to maand, which its
 * `--rsh` program uses. That program ends when they close, so no process remains even if maand is killed.
 */
export async function startLocalRsync(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<LocalRsync> {
  const { stdout, stderr, pipes, ended, signal: send } = await startProcess([program, ...args], { pipes: 2 });
  const hangUp = () => {
    for (const pipe of pipes) pipe.destroy();
  };
  const end = () => {
    send("SIGTERM");
    hangUp();
    const kill = setTimeout(() => send("SIGKILL"), GRACE_MS);
    void ended.then(() => clearTimeout(kill));
  };
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  const exit = ended.then(({ code, bySignal, missing }) => {
    signal.removeEventListener("abort", end);
    hangUp();
    if (missing) return "missing" as const;
    return bySignal ? null : code;
  });
  const [incoming, outgoing] = pipes;
  if (!incoming || !outgoing) throw await notStarted(ended);
  return { incoming, outgoing, stdout, stderr, exit, end };
}

async function notStarted(ended: Promise<{ readonly failure?: string }>): Promise<Error> {
  return new Error(`rsync cannot be started: ${(await ended).failure}`);
}
