import { isMaandError, type Remote } from "@maand/core";
import { type Serving, serveCommand } from "../runner-program.ts";
import type { Cutoff, CutoffCode } from "./cutoff.ts";
import { RunnerClient } from "./runner-client.ts";

/** A worker on which no serving runner can be started, and the output of the attempt. */
export interface NoRunner {
  readonly errorText: string;
}

type Kept = Promise<RunnerClient | NoRunner>;

/** One serving runner for each worker, started when it is first needed. It ends with the connection. */
export class RunnerPool {
  /** The make program on the workers. */
  readonly program: string;
  readonly #kept = new WeakMap<Remote, Kept>();

  constructor(program: string) {
    this.program = program;
  }

  /**
   * Returns a runner that accepts requests, the reason why waiting for it ended, or that no runner can be started.
   * `limitMs` starts when its channel is open.
   */
  async ready(
    remote: Remote,
    bucketId: string,
    cutoff: Cutoff,
    limitMs: number,
  ): Promise<RunnerClient | NoRunner | CutoffCode> {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const runner = await Promise.race([this.#runnerOf(remote, bucketId), cutoff.reached]);
      if (!(runner instanceof RunnerClient)) return runner;
      cutoff.limit(limitMs);
      const ready = await Promise.race([runner.ready, cutoff.reached]);
      if (ready === "TIMED_OUT") runner.destroy();
      if (typeof ready === "string") return ready;
      if (ready && runner.open) return runner;
      if (!ready) await this.#noteSilent(remote, runner);
    }
    return { errorText: "" };
  }

  /** The runner of a worker if one is running; none is started. */
  async running(remote: Remote): Promise<RunnerClient | undefined> {
    const kept = await this.#kept.get(remote);
    return kept instanceof RunnerClient && kept.open ? kept : undefined;
  }

  /** The runner of a worker; a new one if the last one has ended. */
  async #runnerOf(remote: Remote, bucketId: string): Kept {
    for (;;) {
      const kept = this.#kept.get(remote) ?? this.#start(remote, bucketId);
      const runner = await kept;
      if (!(runner instanceof RunnerClient) || runner.open) return runner;
      if (this.#kept.get(remote) === kept) this.#kept.delete(remote);
    }
  }

  /** Records that this runner never sent its greeting; after a lost connection, the next one may. */
  async #noteSilent(remote: Remote, runner: RunnerClient): Promise<void> {
    const cut = (await runner.exit()) === null;
    if (cut) this.#kept.delete(remote);
    else this.#kept.set(remote, Promise.resolve({ errorText: runner.errorText }));
  }

  #start(remote: Remote, bucketId: string): Kept {
    const started = start(remote, serveCommand(remote, { bucketId, program: this.program }));
    this.#kept.set(remote, started);
    const forget = () => {
      if (this.#kept.get(remote) === started) this.#kept.delete(remote);
    };
    started.catch(forget);
    return started;
  }
}

async function start(remote: Remote, { command, program }: Serving): Kept {
  try {
    const stream = await remote.stream(command, { asRoot: true });
    return new RunnerClient(stream, program);
  } catch (cause) {
    if (isMaandError(cause) && cause.code === "COMMAND_FAILED") return { errorText: "" };
    throw cause;
  }
}
