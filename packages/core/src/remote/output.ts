import { MaandError } from "../errors.ts";
import { LINE_CUT, LineSplitter } from "./lines.ts";
import type { ExecOptions, ExecResult, OutputStream } from "./remote.ts";

/** The number of bytes that are kept of each stream of a command; earlier bytes are dropped. */
export const OUTPUT_LIMIT = 1024 * 1024;

/** The output of a running command: lines are passed on as they arrive, and the end of each stream is kept. */
export class Output {
  readonly #kept: Record<OutputStream, Tail> = { stdout: new Tail(), stderr: new Tail() };
  readonly #lines: Record<OutputStream, LineSplitter> | undefined;

  constructor(onLine: ExecOptions["onLine"]) {
    if (!onLine) return;
    this.#lines = {
      stdout: new LineSplitter((line) => onLine(line, "stdout")),
      stderr: new LineSplitter((line) => onLine(line, "stderr")),
    };
  }

  push(stream: OutputStream, chunk: Uint8Array): void {
    this.#kept[stream].push(chunk);
    this.#lines?.[stream].push(chunk);
  }

  /** Ends both streams; an unfinished last line is passed on. */
  end(code: number, durationMs: number): ExecResult {
    this.#lines?.stdout.end();
    this.#lines?.stderr.end();
    return { code, stdout: this.#kept.stdout.text(), stderr: this.#kept.stderr.text(), durationMs };
  }
}

class Tail {
  #chunks: Uint8Array[] = [];
  #size = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    for (let first = this.#chunks[0]; first && this.#size - first.byteLength >= OUTPUT_LIMIT; first = this.#chunks[0]) {
      this.#size -= first.byteLength;
      this.#chunks.shift();
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(-OUTPUT_LIMIT).toString("utf8");
  }
}

/** Returns the result of a command that must succeed. If it failed, throws COMMAND_FAILED with its last lines. */
export function mustSucceed(host: string, title: string, result: ExecResult): ExecResult {
  if (result.code === 0) return result;
  const output = lastLines(result, 12);
  throw new MaandError({
    code: "COMMAND_FAILED",
    message: `${title} on ${host} exited with code ${result.code}`,
    worker: host,
    exit: result.code,
    output,
  });
}

/**
 * The last lines of a command: of its error output if there is any, otherwise of its output. Each line is truncated to
 * a readable length.
 */
export function lastLines(result: Pick<ExecResult, "stdout" | "stderr">, count: number): string[] {
  const text = result.stderr.trim() === "" ? result.stdout : result.stderr;
  const lines = text.trimEnd().split("\n").slice(-count);
  return lines
    .filter((line) => line !== "")
    .map((line) => (line.length > 400 ? `${line.slice(0, 400)}${LINE_CUT}` : line));
}
