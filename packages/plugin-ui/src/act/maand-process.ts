import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { MaandError } from "@maand/core/readonly";
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

/** Characters of output that are kept. */
const MOST = 64 * 1024 * 1024;
/** Commands that only read run one after another, whatever browsers ask for: each takes a core while it starts. */
const turn = pLimit(1);

/** Runs a command that changes nothing, and returns what it prints. It ends after the time limit, which begins with the command. */
export function printedBy(starter: Starter, argv: readonly string[], timeoutMs: number): Promise<Printed> {
  return turn(() => printed(starter, argv, timeoutMs));
}

function printed(starter: Starter, argv: readonly string[], timeoutMs: number): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const child = started(starter, argv, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        if (texts[name].length < MOST) texts[name] += text;
      });
    child.once("error", (cause) => reject(notStarted(cause)));
    child.once("close", (code) => resolve({ code: code ?? 1, ...texts }));
  });
}

/**
 * Starts a command that changes something, in a session of its own and with files for its output: it goes on to its end if this process
 * ends, however that happens. If it is killed itself, the next deploy continues, as ever.
 */
export function startDetached(starter: Starter, argv: readonly string[], output: string): ChildProcess {
  const file = openSync(output, "a", 0o600);
  try {
    const child = started(starter, argv, { stdio: ["ignore", file, file], detached: true });
    child.unref();
    return child;
  } finally {
    closeSync(file);
  }
}

function started(
  { self: [program, ...before], root, config, env }: Starter,
  argv: readonly string[],
  options: object,
): ChildProcess {
  const configured = config === undefined ? [] : ["--config", config];
  return spawn(program, [...before, "-C", root, ...configured, ...argv], { cwd: root, env: { ...env }, ...options });
}

function notStarted(cause: Error): MaandError {
  return new MaandError({
    code: "SYSTEM",
    message: `maand could not be started: ${cause.message}`,
    hint: "look whether the installation of maand is complete: maand doctor",
    cause,
  });
}
