import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { loadRunProgram, MaandError } from "@maand/core/readonly";
import pLimit from "p-limit";

/** How commands of maand are started. */
export interface Starter {
  /** The program, and the arguments before any command. */
  readonly self: readonly [string, ...string[]];
  /** The bucket. */
  readonly root: string;
  /** As typed with `--config`; undefined: the configuration of the bucket. */
  readonly config: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a command printed, and its exit code. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes of output that are read. */
const MOST = 64 * 1024 * 1024;
/** Commands that only read run one after another, whatever browsers ask for: each takes a core while it starts. */
const turn = pLimit(1);

/** Runs a command that changes nothing, and returns what it prints. It ends with this process, and after the time limit. Throws SYSTEM. */
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
 * Starts a command that changes something, in a session of its own and with files for its output: it continues to its end if this process
 * ends, however that happens. If it is killed itself, the next deploy continues, as ever.
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

/** The whole command line. */
function lineOf({ self, root, config }: Starter, argv: readonly string[]): [string, ...string[]] {
  const configured = config === undefined ? [] : ["--config", config];
  return [...self, "-C", root, ...configured, ...argv];
}

function notRun(message: string): MaandError {
  return new MaandError({
    code: "SYSTEM",
    message,
    hint: "look whether this machine has memory and disk left, and the installation of maand is complete: maand doctor",
  });
}
