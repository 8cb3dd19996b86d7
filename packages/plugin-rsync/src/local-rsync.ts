import type { Duplex, Readable } from "node:stream";
import { startProcess } from "@maand/core/internal";

/** The rsync that runs on this machine. */
export interface LocalRsync {
  /** What goes to the worker, beginning with the command rsync wants there. */
  readonly outgoing: Duplex;
  /** What comes from the worker. */
  readonly incoming: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit code; null when a signal ended it, `"missing"` when there is no such program. Never rejects. */
  readonly exit: Promise<number | null | "missing">;
  /** Ends it: SIGTERM first, SIGKILL a second later. */
  end(): void;
}

/** Milliseconds between SIGTERM and SIGKILL. */
const GRACE_MS = 1_000;

/**
 * Starts rsync; it is ended when the signal aborts. Its descriptors 3 and 4 are pipes to us, which its `--rsh` program uses;
 * that program ends with them, so no process remains, however maand ends.
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
