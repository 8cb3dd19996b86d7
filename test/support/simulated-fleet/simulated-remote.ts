import { type Duplex, PassThrough, Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { Argv, ExecOptions, ExecResult, Remote, RemoteStream } from "@maand/core";
import { mustSucceed, Output, reveal, titleOf } from "@maand/core/toolbox";
import { SimulatedRunner } from "./simulated-runner.ts";
import type { SimulatedWorker } from "./simulated-worker.ts";

/** The name of the transport: `transport = "simulated"` in `maand.conf`. */
export const SIMULATED = "simulated";

const BOOT_ID = "00000000-0000-4000-8000-000000000001";

/** A connection to a simulated worker. */
export class SimulatedRemote implements Remote {
  readonly host: string;
  readonly root: string;
  readonly transport = SIMULATED;
  readonly sudo = true;
  readonly #worker: SimulatedWorker;
  readonly #streams = new Set<Duplex>();

  constructor(worker: SimulatedWorker, root: string) {
    this.host = worker.host;
    this.root = root;
    this.#worker = worker;
  }

  async exec(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    return mustSucceed(this.host, titleOf(argv, options), await this.probe(argv, options));
  }

  async probe(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    const words = argv.map(reveal);
    this.#open(words);
    const { output, code, ms } = this.#answerTo(words);
    await wait(ms + this.#worker.latencyMs, undefined, options.signal ? { signal: options.signal } : {});
    const printed = new Output(options.onLine);
    printed.push("stdout", Buffer.from(output));
    this.#worker.answer(output.length);
    return printed.end(code, ms);
  }

  async stream(argv: Argv): Promise<RemoteStream> {
    const words = argv.map(reveal);
    this.#open(words);
    await wait(this.#worker.latencyMs);
    this.#worker.answer(0);
    const io = words.includes("--serve") ? this.#runner(words) : this.#inspection(words);
    this.#streams.add(io);
    const exit = new Promise<number | null>((resolve) => {
      io.once("close", () => {
        this.#streams.delete(io);
        resolve(io.writableFinished ? 0 : null);
      });
    });
    return { io, stderr: Readable.from([]), exit, destroy: () => void io.destroy() };
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
  }

  #open(words: readonly string[]): void {
    this.#worker.fleet.counts.channels += 1;
    this.#worker.receive(words.join(" ").length);
  }

  /** `python3 ... -c <reader> <file> <bytes of the program> <its hash> <bucket> --serve ...` */
  #runner(words: readonly string[]): SimulatedRunner {
    const at = words.indexOf("--serve");
    return new SimulatedRunner(this.#worker, Number(words[at - 3]), words[at - 2] ?? "");
  }

  /** The quick check of a drift: `sh -c <script> sh <root> <directories of jobs> <excluded paths> <files> ...` */
  #inspection(words: readonly string[]): Duplex {
    const io = new PassThrough();
    const output = this.#worker.fleet.simulate(() => this.#worker.inspect((words[5] ?? "").split(" "), words.slice(7)));
    this.#worker.answer(output.length);
    io.end(output);
    return io;
  }

  #answerTo(words: readonly string[]): { readonly output: string; readonly code: number; readonly ms: number } {
    const line = words.join(" ");
    if (line.endsWith("/boot_id")) return { output: `${BOOT_ID}\n`, code: 0, ms: 0 };
    if (line.includes("command -v")) return { output: "", code: 0, ms: 0 };
    if (words[0] === "cat") return { output: this.#filesNamed(words.slice(1)), code: 0, ms: 0 };
    return this.#worker.run("", line);
  }
  #filesNamed(paths: readonly string[]): string {
    const files: Readonly<Record<string, string>> = {
      fence: this.#worker.fence,
      "worker.json": this.#worker.workerJson,
    };
    return paths.map((path) => files[path.split("/").at(-1) ?? ""] ?? "").join("");
  }
}
