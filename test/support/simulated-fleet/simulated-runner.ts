import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import type { SimulatedWorker, Tree } from "./simulated-worker.ts";

/** A line that the controller sends to the program of `@maand/plugin-make` on a worker. */
interface Message {
  readonly id: number;
  readonly end?: boolean;
  readonly behind?: boolean;
  readonly content?: string;
  readonly bytes?: string;
  readonly stage?: { readonly jobs: Readonly<Record<string, Tree>>; readonly files: Tree };
  readonly settled?: object;
  readonly target?: string;
  readonly job?: string;
  readonly fence?: { readonly text: string };
}

/**
 * The worker's end of a runner. It receives the program, greets, and answers requests in the same frames as the real
 * runner, so that the controller's end runs unchanged.
 */
export class SimulatedRunner extends Duplex {
  readonly #worker: SimulatedWorker;
  /** The number of bytes of the program that have not yet arrived. */
  #programLeft: number;
  readonly #programHash: string;
  #rest = "";
  /** Contents that a stage waits for. */
  readonly #waiting = new Map<number, Set<string>>();
  /** The hash of `worker.json` in the last stage. */
  #workerJson: string | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Requests the program unless the worker has kept the program with this hash. */
  constructor(worker: SimulatedWorker, programBytes: number, programHash: string) {
    super();
    this.#worker = worker;
    const isKept = worker.program === programHash;
    this.#programLeft = isKept ? 0 : programBytes;
    this.#programHash = programHash;
    if (isKept) this.#send(this.#greeting());
    else this.#send("maand-runner wants its program\n");
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#worker.fleet.simulate(() => this.#take(chunk));
    done();
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const timer of this.#timers) clearTimeout(timer);
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#worker.receive(chunk.length);
    if (this.#programLeft > 0) {
      this.#programLeft -= chunk.length;
      if (this.#programLeft <= 0) this.#later(0, this.#greeting());
      return;
    }
    const lines = (this.#rest + chunk.toString()).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#obey(JSON.parse(line));
  }

  #greeting(): string {
    const record = `${this.#worker.fence}\0${this.#worker.workerJson}\0`;
    return `maand-runner 1\n0 out ${Buffer.byteLength(record)}\n${record}`;
  }

  #obey(message: Message): void {
    if (message.content !== undefined) this.#keep(message.id, message.content, message.bytes ?? "");
    else if (!message.end && !message.behind) this.#begin(message);
  }

  #begin({ id, fence, stage, settled, job = "", target = "" }: Message): void {
    this.#worker.fleet.counts.requests += 1;
    if (fence) {
      this.#worker.fence = fence.text;
      this.#worker.program = this.#programHash;
    }
    if (stage) this.#stage(id, stage);
    else if (settled) this.#exit(id, 0, 0, "");
    else {
      const { code, ms, output } = this.#worker.run(job, target);
      this.#exit(id, code, ms, output);
    }
  }

  #stage(id: number, { jobs, files }: NonNullable<Message["stage"]>): void {
    this.#worker.deliver(jobs, files);
    const trees = [files, ...Object.values(jobs)];
    const missing = this.#worker.lacking(trees.flatMap((tree) => Object.values(tree).map(([, hash]) => hash)));
    this.#waiting.set(id, new Set(missing));
    this.#workerJson = files["worker.json"]?.[1];
    this.#later(0, framed(id, `${["{}", ...missing, ""].join("\n")}\n`));
    if (missing.length === 0) this.#exit(id, 0, 0, "");
  }

  #keep(id: number, hash: string, base64: string): void {
    const missing = this.#waiting.get(id);
    if (!missing?.has(hash)) return; // this content has already arrived, before the answer
    const bytes = Buffer.from(base64, "base64");
    if (createHash("sha256").update(bytes).digest("hex") !== hash) throw new Error(`not the content of ${hash}`);
    this.#worker.fleet.counts.contents += 1;
    this.#worker.keep(hash);
    if (hash === this.#workerJson) this.#worker.workerJson = bytes.toString();
    missing.delete(hash);
    if (missing.size === 0) this.#exit(id, 0, 0, "");
  }

  #exit(id: number, code: number, afterMs: number, output: string): void {
    this.#waiting.delete(id);
    this.#later(afterMs, `${output === "" ? "" : framed(id, output)}${id} exit ${code}\n`);
  }

  /** Answers after a time and one round trip to the worker. */
  #later(ms: number, text: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#send(text);
    }, ms + this.#worker.latencyMs);
    this.#timers.add(timer);
  }

  #send(text: string): void {
    this.#worker.fleet.simulate(() => {
      this.#worker.answer(text.length);
      this.push(text);
    });
  }
}

function framed(id: number, output: string): string {
  return `${id} out ${Buffer.byteLength(output)}\n${output}`;
}
