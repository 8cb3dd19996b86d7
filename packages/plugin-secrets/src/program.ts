import { spawn } from "node:child_process";

/** A program on this machine. */
export interface Program {
  readonly argv: readonly [string, ...string[]];
  readonly input: string | undefined;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Ends the program when it aborts. */
  readonly signal: AbortSignal;
}

/** How a program ended. */
export interface ProgramResult {
  /** Its exit code; undefined if it was stopped. */
  readonly code: number | undefined;
  /** Whether it could not be started because it does not exist. */
  readonly missing: boolean;
  /** Why it could not be started, or was stopped. */
  readonly failure: string | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** How long a program may run; a person may have to unlock something. */
const LIMIT_MS = 180_000;
/** Bytes of output that are read. */
const LARGEST = 32 * 1024 * 1024;
/** Characters of its errors that are kept. */
const ERRORS = 4000;

/**
 * Runs a program to its end, without a shell. It stays on the terminal of maand, so that it can ask a person to unlock something;
 * without `input` its standard input is empty.
 */
export function runProgram({ argv: [program, ...args], input, cwd, env, signal }: Program): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      killSignal: "SIGKILL",
      signal,
    });
    const chunks: Buffer[] = [];
    let [size, stderr] = [0, ""];
    let failure: string | undefined;
    let missing = false;
    // the one of spawn would stay if the program cannot be started
    const limit = setTimeout(() => {
      failure = `it did not end within ${LIMIT_MS / 1000} s`;
      child.kill("SIGKILL");
    }, LIMIT_MS);
    child.stdout?.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= LARGEST) chunks.push(chunk);
      else {
        failure = `it printed more than ${LARGEST} bytes`;
        child.kill("SIGKILL");
      }
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = `${stderr}${text}`.slice(-ERRORS);
    });
    child.on("error", (cause: NodeJS.ErrnoException) => {
      missing = cause.code === "ENOENT";
      failure ??= cause.name === "AbortError" ? "it was interrupted" : cause.message;
      if (child.pid === undefined) end(null);
    });
    child.stdin?.on("error", () => undefined); // a program need not read its input
    child.stdin?.end(input);
    child.on("close", (code, killed) => {
      if (killed !== null) failure ??= `it was stopped by ${killed}`;
      end(code);
    });
    const end = (code: number | null) => {
      clearTimeout(limit);
      resolve({ code: code ?? undefined, missing, failure, stdout: Buffer.concat(chunks), stderr });
    };
  });
}
