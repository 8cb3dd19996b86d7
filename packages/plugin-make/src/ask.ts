import {
  type ErrorCode,
  type ExecOptions,
  LineSplitter,
  MaandError,
  type OutputStream,
  type TargetContext,
} from "@maand/core";
import { ENDING_MS, runnerCommand } from "./runner.ts";
import type { Runners } from "./runners.ts";
import type { Served } from "./served.ts";

/** One allocation and all that is needed to run a target of it. */
export type Unit = Omit<TargetContext, "target">;

type OnLine = NonNullable<ExecOptions["onLine"]>;
type Cut = Extract<ErrorCode, "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED">;

/**
 * Runs a target through the worker's served runner, or by a runner of its own where none can be served; answers the
 * exit code. Throws a MaandError whose code tells what cut it off, TIMED_OUT, INTERRUPTED or DISCONNECTED, or the
 * remote's own when nothing began.
 */
export async function ask(unit: Unit, target: string, runners: Runners, onLine: OnLine): Promise<number> {
  const watch = new Watch(unit.signal);
  try {
    for (let again = 0; again < 2; again += 1) {
      const served = await Promise.race([runners.on(unit.remote, unit.bucket.id), watch.cut]);
      if (typeof served === "string") throw cutBy(unit, served);
      if (!served) break;
      watch.limit(unit.timeoutMs + ENDING_MS);
      const ready = await Promise.race([served.ready, watch.cut]);
      if (ready === "TIMED_OUT") served.destroy();
      if (typeof ready === "string") throw cutBy(unit, ready);
      if (ready && served.open) return await askServed(unit, target, served, watch, onLine);
      if (!ready) await runners.without(unit.remote, served);
    }
  } finally {
    watch.close();
  }
  return askAlone(unit, target, runners, onLine);
}

async function askServed(unit: Unit, target: string, served: Served, watch: Watch, onLine: OnLine): Promise<number> {
  const lines = {
    stdout: new LineSplitter((line) => onLine(line, "stdout")),
    stderr: new LineSplitter((line) => onLine(line, "stderr")),
  };
  const hear = (stream: OutputStream, bytes: Buffer) => lines[stream].push(bytes);
  const { env, timeoutMs, job } = unit;
  const asked = served.ask({ target, job: job.name, timeoutMs, env }, hear);
  const cut = watch.cut.then(async (why) => {
    if (why === "INTERRUPTED") await watch.atMost(ENDING_MS, asked.end());
    asked.forget();
    return why;
  });
  const ended = await Promise.race([asked.ended.then((code) => code ?? "DISCONNECTED"), cut]);
  lines.stdout.end();
  lines.stderr.end();
  if (watch.aborted) throw cutBy(unit, "INTERRUPTED");
  if (typeof ended === "string") throw cutBy(unit, ended);
  return ended;
}

/** A runner for this target alone. */
async function askAlone(unit: Unit, target: string, { program }: Runners, onLine: OnLine): Promise<number> {
  const { remote, env, signal, timeoutMs, bucket, job } = unit;
  const command = runnerCommand(remote, { bucketId: bucket.id, target, job: job.name, program, timeoutMs });
  const ending = { stopWord: "end\n", graceMs: ENDING_MS, timeoutMs: timeoutMs + ENDING_MS };
  const { code } = await remote.probe(command, { env, signal, asRoot: true, ...ending, onLine });
  return code;
}

function cutBy({ remote }: Unit, code: Cut): MaandError {
  return new MaandError({ code, message: `the runner on ${remote.host} was cut off`, worker: remote.host });
}

/** A longer timer would go off at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What may end a request before its time: the run's own end, and our clock, which backs the runner's up. */
class Watch {
  readonly #signal: AbortSignal;
  readonly #timers: NodeJS.Timeout[] = [];
  #settle: (cut: Cut) => void = () => {};

  /** Settles with what ended it; never, when nothing does. */
  readonly cut = new Promise<Cut>((resolve) => {
    this.#settle = resolve;
  });

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  limit(ms: number): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#timers.push(setTimeout(() => this.#settle("TIMED_OUT"), Math.min(ms, LONGEST_MS)));
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#signal.removeEventListener("abort", this.#abort);
  }

  /** Waits for something, but no longer than this. */
  atMost(ms: number, promise: Promise<unknown>): Promise<unknown> {
    const late = new Promise((resolve) => this.#timers.push(setTimeout(resolve, ms)));
    return Promise.race([promise, late]);
  }

  readonly #abort = (): void => this.#settle("INTERRUPTED");
}
