import { Duplex, Readable } from "node:stream";

/** The rsync that runs on this machine. */
export interface LocalRsync {
  /** What goes to the worker, beginning with the command rsync wants there. */
  readonly outgoing: Readable;
  /** What comes from the worker. */
  readonly incoming: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit code; null when a signal ended it, `"missing"` when there is no such program. Never rejects. */
  readonly exit: Promise<number | null | "missing">;
  /** Ends it: asks first, insists a second later. */
  end(): void;
}

/**
 * Starts rsync; it is ended when the signal aborts. Its descriptors 3 and 4 are pipes to us, which its `--rsh` program
 * uses; that program ends with them, so nothing is left behind, whatever happens to us.
 */
export async function startLocalRsync(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<LocalRsync> {
  const { execa } = await import("execa");
  const child = execa(program, [...args], {
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    buffer: false,
    reject: false,
    forceKillAfterDelay: 1_000,
  });
  const [, stdout, stderr, incoming, outgoing] = child.stdio;
  const pipes = {
    stdout: readable(stdout),
    stderr: readable(stderr),
    incoming: duplex(incoming),
    outgoing: duplex(outgoing),
  };
  const hangUp = () => {
    pipes.incoming.destroy();
    pipes.outgoing.destroy();
  };
  const end = () => {
    child.kill("SIGTERM");
    hangUp();
  };
  for (const pipe of [pipes.incoming, pipes.outgoing]) pipe.on("error", () => {});
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  const exit = new Promise<number | null | "missing">((resolve) => {
    child.once("exit", resolve);
    child.then(({ code, exitCode }) => resolve(code === "ENOENT" ? "missing" : (exitCode ?? null)));
  }).finally(() => {
    signal.removeEventListener("abort", end);
    hangUp(); // execa's own promise, as Node's close event, waits for these two, and nobody else ends them
  });
  return { ...pipes, exit, end };
}

function readable(stream: unknown): Readable {
  if (stream instanceof Readable) return stream;
  throw new TypeError("rsync was started without its output");
}

/** Node makes every extra pipe a socket, which goes both ways; the type says only one. */
function duplex(stream: unknown): Duplex {
  if (stream instanceof Duplex) return stream;
  throw new TypeError("rsync was started without its extra pipes");
}
