import { constants } from "node:os";
import { followProcess } from "./follow-process.ts";
import { type ProcessEnd, startProcess } from "./process.ts";

/** A program on this machine that is run to its end, without a shell. */
export interface Program {
  readonly argv: readonly string[];
  /** Its standard input; default: none. */
  readonly input?: string | undefined;
  readonly cwd: string;
  /** Its whole environment; default: the environment of maand. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Its timeout in milliseconds. */
  readonly limitMs: number;
  /** The largest output in bytes; a program that prints more is stopped. Default: its output is dropped. */
  readonly mostBytes?: number;
  /** Stops it when it aborts. */
  readonly signal?: AbortSignal;
  /**
   * Whether it keeps the terminal of maand, so that it can prompt the user. Ctrl-C then reaches it too. Default: false.
   */
  readonly onTerminal?: boolean;
}

/** How a program ended. */
export interface ProgramResult {
  /** Its exit code; undefined if it could not be started or was stopped. */
  readonly code: number | undefined;
  /** Whether it could not be started because the program does not exist. */
  readonly missing: boolean;
  /** Why it could not be started, or was stopped, as a sentence without its subject: `did not end within 30 s`. */
  readonly failure: string | undefined;
  readonly stdout: Buffer;
  /** The end of what it printed on standard error, at most 4,096 characters. */
  readonly stderr: string;
}

const ERROR_TEXT = 4096;
/** Milliseconds between the request to stop and SIGKILL. */
const GRACE_MS = 2000;

/**
 * Runs a program to its end and returns what it printed. Never throws. Does not wait for child processes that remain,
 * even if they keep the output open. The remaining child processes are killed, unless the program keeps the terminal of
 * maand.
 */
export async function runProgram(program: Program): Promise<ProgramResult> {
  const { argv, input, cwd, env, limitMs, mostBytes, signal, onTerminal = false } = program;
  const printed = { chunks: [] as Buffer[], bytes: 0, stderr: "" };
  const isTooLong = () => mostBytes !== undefined && printed.bytes > mostBytes;
  const child = await startProcess(argv, {
    ...{ cwd, stdin: input !== undefined, endsWithUs: true, onTerminal },
    ...(env && { env: withoutUndefined(env) }),
  });
  child.stdin?.end(input);
  const { end, cut } = await followProcess(child, {
    ...{ timeoutMs: limitMs, signal, graceMs: GRACE_MS, leavesNothing: true },
    onOutput(stream, chunk) {
      if (stream === "stderr") printed.stderr = `${printed.stderr}${chunk}`.slice(-ERROR_TEXT);
      else if (mostBytes !== undefined) {
        printed.bytes += chunk.byteLength;
        if (isTooLong()) child.signal("SIGKILL");
        else printed.chunks.push(chunk);
      }
    },
  });
  const failure = isTooLong()
    ? `printed more than ${mostBytes} bytes`
    : cut === undefined
      ? failureOf(end)
      : cut === "INTERRUPTED"
        ? "was interrupted"
        : `did not end within ${limitMs / 1000} s`;
  return {
    code: failure === undefined ? end.code : undefined,
    missing: end.missing ?? false,
    failure,
    stdout: Buffer.concat(printed.chunks),
    stderr: printed.stderr,
  };
}

function failureOf({ code, bySignal, failure, missing }: ProcessEnd): string | undefined {
  if (failure !== undefined) return `cannot be started: ${missing ? "there is no such program" : failure}`;
  if (!bySignal) return undefined;
  const [name = `signal ${code - 128}`] =
    Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? [];
  return `was stopped by ${name}`;
}

function withoutUndefined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
