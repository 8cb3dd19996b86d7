import { Duplex, Readable } from "node:stream";
import type { RemoteStream } from "../../../packages/core/src/remote/remote.ts";
import { RUNNER_EXIT } from "../../../packages/plugin-make/src/runner-program.ts";
import { type Call, runTarget, type TargetRequest } from "./calls.ts";
import type { Connection } from "./connection.ts";
import type { Worker } from "./worker.ts";

/** Milliseconds that a step has to end by itself before it is killed. */
const GRACE_MS = 2_000;

type Message =
  | (TargetRequest & { readonly id: number; readonly end?: undefined; readonly settled?: undefined })
  | { readonly id: number; readonly end: true }
  | { readonly id: number; readonly settled: Readonly<Record<string, readonly string[]>>; readonly end?: undefined };

/**
 * Starts a runner on a worker. The worker keeps the runner's program under its hash. The streams use the protocol of
 * the real runner.
 */
export function startRunner(worker: Worker, connection: Connection, program: string): RemoteStream {
  const runner = new Runner(worker, connection, program);
  let settle: (code: number | null) => void = () => {};
  const exit = new Promise<number | null>((resolve) => {
    settle = resolve;
  });
  let unread = "";
  let awaitsProgram = false;
  const io = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      if (awaitsProgram) connection.toWorker(() => runner.greet());
      else unread += chunk.toString();
      awaitsProgram = false;
      const lines = unread.split("\n");
      unread = lines.pop() ?? "";
      for (const line of lines) connection.toWorker(() => runner.take(JSON.parse(line)));
      done();
    },
    final(done) {
      connection.toWorker(() => runner.leaveAlone());
      done();
    },
  });
  const end = () => {
    if (!io.destroyed) io.destroy();
    settle(null);
  };
  runner.onFrame = (text) => connection.toProcess(() => void (io.destroyed || io.push(text)));
  connection.onWorkerNotices(() => runner.leaveAlone());
  connection.onProcessNotices(end);
  connection.toWorker(() => {
    awaitsProgram = worker.program !== program;
    if (awaitsProgram) runner.onFrame("maand-runner wants its program\n");
    else runner.greet();
  });
  return { io, stderr: new Readable({ read() {} }), exit, destroy: () => io.destroy() };
}

/** The worker's side of a runner: runs requests in parallel, and answers in frames. */
class Runner {
  readonly #worker: Worker;
  readonly #connection: Connection;
  readonly #calls = new Map<number, Call>();
  readonly #boot: number;
  readonly #program: string;
  onFrame: (text: string) => void = () => {};

  constructor(worker: Worker, connection: Connection, program: string) {
    this.#worker = worker;
    this.#connection = connection;
    this.#boot = worker.boot;
    this.#program = program;
  }

  greet(): void {
    if (!this.#isThere()) return;
    const { fence, workerJson } = this.#worker;
    const record = `${fence}\0${workerJson}\0`;
    this.onFrame(`maand-runner 1\n0 out ${Buffer.byteLength(record)}\n${record}`);
  }

  take(message: Message): void {
    if (!this.#isThere()) return;
    if ("end" in message && message.end === true) this.#endSoon(message.id);
    else if ("settled" in message && message.settled !== undefined) {
      for (const [job, steps] of Object.entries(message.settled))
        for (const step of steps) this.#worker.settleReceipt(job, step);
      this.onFrame(`${message.id} exit 0\n`);
    } else if ("target" in message) this.#begin(message.id, message);
  }

  /** Handles a lost connection: drops steps that have not begun, and lets everything else run to its end. */
  leaveAlone(): void {
    for (const call of this.#calls.values())
      if (call.step !== undefined && !call.hasBegun) call.code ??= RUNNER_EXIT.ended;
  }

  #begin(id: number, request: TargetRequest): void {
    const { world } = this.#worker;
    const report = (text: string) => {
      const line = `${text}\n`;
      this.onFrame(`${id} err ${Buffer.byteLength(line)}\n${line}`);
    };
    if (request.fence) this.#worker.program = this.#program;
    const call: Call = { code: undefined, step: request.step, hasBegun: false, report };
    this.#calls.set(id, call);
    world.outside(request.timeout * 1000, () => {
      if (this.#calls.has(id)) call.code ??= RUNNER_EXIT.timedOut;
    });
    if (this.#worker.flaw === "promotion-before-receipt") this.onFrame(`${id} exit 0\n`);
    this.#worker.run(runTarget(this.#worker, call, request), (code) => {
      this.#calls.delete(id);
      if (this.#worker.flaw !== "promotion-before-receipt") this.onFrame(`${id} exit ${code}\n`);
    });
  }

  /** Lets a step that has begun run to its end, and ends everything else immediately. */
  #endSoon(id: number): void {
    const call = this.#calls.get(id);
    if (!call) return;
    const end = () => {
      call.code ??= RUNNER_EXIT.ended;
    };
    if (call.hasBegun) this.#worker.world.outside(GRACE_MS, end);
    else end();
  }

  /** Whether the runner still runs. It ends when its worker loses power, and so does its connection. */
  #isThere(): boolean {
    if (this.#worker.boot === this.#boot) return true;
    this.#connection.lose();
    return false;
  }
}
