import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { loadRunProgram, MaandError } from "@maand/core/readonly";
import pLimit from "p-limit";

/** The options for starting commands of maand. */
export interface Starter {
  /** The program, and the arguments before any command. */
  readonly self: readonly [string, ...string[]];
  /** The bucket. */
  readonly root: string;
  /** The value of `--config`; undefined for the configuration of the bucket. */
  readonly config: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The output of a command, and its exit code. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The largest output that is read, in bytes. */
const MOST = 64 * 1024 * 1024;
/** Commands that only read run one after another, because each uses a whole core while it starts. */
const turn = pLimit(1);

/**
 * Runs a command that changes nothing, and returns its output. The command ends with this process, or at the time
 * limit. Throws SYSTEM.
 */
export function printedBy(starter: Starter, argv: readonly string[], timeoutMs: number): Promise<Printed> {
  return turn(async () => {
    const { runProgram } = await loadRunProgram();
    const { root, env } = starter;
    const { code, failure, stdout, stderr } = await runProgram({
      ...{ argv: lineOf(starter, argv), cwd: root, env, limitMs: timeoutMs, mostBytes: MOST },
    });
    if (failure !== undefined) throw notRun(`maand ${argv[0]} ${failure}`);
    return { code: code ?? 1, stdout: stdout.toString("utf8"), stderr };
  });
}

/**
 * Starts a command that changes something, in its own session and with files for its output. It continues to its end
 * even if this process ends. If the command itself is killed, the next deploy continues its work, as usual.
 */
export function startDetached(starter: Starter, argv: readonly string[], output: string): ChildProcess {
  const file = openSync(output, "a", 0o600);
  try {
    const [program, ...rest] = lineOf(starter, argv);
    const { root, env } = starter;
    const child = spawn(program, rest, { cwd: root, env: { ...env }, stdio: ["ignore", file, file], detached: true });
    child.unref();
    return child;
  } finally {
    closeSync(file);
  }
}

/** The complete command line. */
function lineOf({ self, root, config }: Starter, argv: readonly string[]): [string, ...string[]] {
  const configured = config === undefined ? [] : ["--config", config];
  return [...self, "-C", root, ...configured, ...argv];
}

function notRun(message: string): MaandError {
  return new MaandError({
    code: "SYSTEM",
    message,
    hint: "check that this machine has free memory and disk space, and that the installation of maand is complete: maand doctor",
  });
}
