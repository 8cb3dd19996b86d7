import type { BackPressure } from "../back-pressure.ts";
import { BeginMarker } from "../login/begin-marker.ts";
import { Output } from "../output.ts";
import type { ExecOptions, ExecResult, OutputStream } from "../remote.ts";
import { type Cutoff, followProcess } from "./follow-process.ts";
import type { RunningProcess } from "./process.ts";

/** The exit code of a program that was killed by a signal. */
export const SIGNALLED = -1;

/** Options of a program that runs a command on a worker. */
export interface ProgramOptions extends Pick<ExecOptions, "stdin" | "stopWord" | "signal" | "onLine"> {
  /** Written to its input before `stdin`. */
  readonly preface: string;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Pauses a command with `onLine` while the readers of its lines are behind. */
  readonly backPressure?: BackPressure | undefined;
  /** Aborts when the remote is closed. */
  readonly closing: AbortSignal;
  /** Stops the process with this id on the worker. */
  kill(pid: number): void;
}

/** The result of the program. */
export interface ProgramResult {
  readonly result: ExecResult;
  /** Why it was stopped early. */
  readonly cut: Cutoff | undefined;
  /** Whether the command is known to have started on the worker. */
  readonly begun: boolean;
  /** Why the program could not be started. */
  readonly failure: string | undefined;
}

/** Waits for a program to end, but at most `graceMs` longer than its timeout or an interruption. */
export async function followProgram(program: RunningProcess, options: ProgramOptions): Promise<ProgramResult> {
  const output = new Output(options.onLine);
  let begun = false;
  let announce: (pid: number) => void = () => {};
  const pid = new Promise<number>((resolve) => {
    announce = resolve;
  });
  const markerOf = (stream: OutputStream) =>
    new BeginMarker(
      (id) => {
        begun = true;
        if (id !== undefined) announce(id);
      },
      (chunk) => output.push(stream, chunk),
    );
  const markers = { stdout: markerOf("stdout"), stderr: markerOf("stderr") };
  feed(program, options);
  const { end, cut, durationMs } = await followProcess(program, {
    ...options,
    backPressure: options.onLine && options.backPressure,
    requestEnd: () => {
      if (options.stopWord !== undefined) program.stdin?.end(options.stopWord);
      else void pid.then(options.kill);
    },
    onClosed: () => program.signal("SIGKILL"),
    onOutput: (stream, chunk) => markers[stream].push(chunk),
  });
  for (const marker of [markers.stdout, markers.stderr]) marker.end();
  const code = end.bySignal || end.failure !== undefined ? SIGNALLED : end.code;
  return { result: output.end(code, durationMs), cut, begun, failure: end.failure };
}

/** Whether `timeout` returns this exit code. */
export function isTimeout(code: number): boolean {
  return code === 124 || code === 137;
}

function feed({ stdin }: RunningProcess, options: ProgramOptions): void {
  if (options.preface !== "") stdin?.write(options.preface);
  if (options.stdin !== undefined) stdin?.write(options.stdin);
  if (options.stopWord === undefined) stdin?.end();
}
