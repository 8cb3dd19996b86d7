import { isMaandError, type Remote } from "@maand/core";
import { serveCommand } from "./runner.ts";
import { Served } from "./served.ts";
import type { Cut, Watch } from "./watch.ts";

/** What is known of a worker's runner: one that takes requests, or is about to, or that there is none to be had. */
type Kept = Promise<Served | undefined>;

/** One served runner for each worker, started when the first target is to be run there. It ends with the connection. */
export class Runners {
  /** The make program on the workers. */
  readonly program: string;
  readonly #kept = new WeakMap<Remote, Kept>();

  constructor(program: string) {
    this.program = program;
  }

  /**
   * The runner of a worker, a new one when the last is gone; undefined when it cannot be served, because it is an older
   * one or does not start at all: a target has to be run by itself then, and tells why that fails.
   */
  async on(remote: Remote, bucketId: string): Kept {
    for (;;) {
      const kept = this.#kept.get(remote) ?? this.#start(remote, bucketId);
      const served = await kept;
      if (served === undefined || served.open) return served;
      if (this.#kept.get(remote) === kept) this.#kept.delete(remote);
    }
  }

  /**
   * A runner that has spoken and takes requests, what cut the waiting off, or undefined when there is none to be had.
   * `limitMs` is counted from when its channel is open, and goes on for whoever asks it then.
   */
  async ready(remote: Remote, bucketId: string, watch: Watch, limitMs: number): Promise<Served | Cut | undefined> {
    for (let again = 0; again < 2; again += 1) {
      const served = await Promise.race([this.on(remote, bucketId), watch.cut]);
      if (typeof served === "string" || !served) return served;
      watch.limit(limitMs);
      const ready = await Promise.race([served.ready, watch.cut]);
      if (ready === "TIMED_OUT") served.destroy();
      if (typeof ready === "string") return ready;
      if (ready && served.open) return served;
      if (!ready) await this.without(remote, served);
    }
    return undefined;
  }

  /** Remembers that this one never came to speak; after a cut connection the next may. */
  async without(remote: Remote, served: Served): Promise<void> {
    const cut = (await served.exit()) === null;
    if (cut) this.#kept.delete(remote);
    else this.#kept.set(remote, Promise.resolve(undefined));
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

async function start(remote: Remote, { command, program }: ReturnType<typeof serveCommand>): Kept {
  try {
    const stream = await remote.stream(command, { asRoot: true });
    const served = new Served(stream);
    if (program) stream.io.write(program);
    return served;
  } catch (cause) {
    if (isMaandError(cause) && cause.code === "COMMAND_FAILED") return undefined;
    throw cause;
  }
}
