import { spawn } from "node:child_process";
import { hostname } from "node:os";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { storeEnvironment } from "../postgres/test-store.ts";

/** The path of the built command. */
export const MAAND = fileURLToPath(new URL("../../../packages/cli/bin/maand.js", import.meta.url));

/** The result of a command line. */
export interface Ended {
  /** The exit code; null if a signal ended the command. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command line. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves once the stderr of the command contains this text. Rejects if the command ends first. */
  prints(text: string): Promise<void>;
}

/** Options for starting a command. */
export interface MaandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Modules loaded before the program. */
  readonly preload?: readonly string[];
  /** The user and group of the command; default: those of this process. */
  readonly uid?: number;
  /** The path of the command; default: {@link MAAND}. */
  readonly program?: string;
}

/** Starts maand without environment variables of this machine that could change its behaviour. */
export function startMaand(
  args: readonly string[],
  { cwd, env = {}, preload = [], program = MAAND, uid }: MaandOptions,
): Running {
  const node = preload.flatMap((module) => ["--import", module]);
  const child = spawn(process.execPath, [...node, program, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, LANG: "C.UTF-8", ...storeEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const output = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    output.stderr += chunk;
    for (const listen of listeners) listen();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...output }));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    prints: (wanted) =>
      new Promise((resolve, reject) => {
        const listen = () => {
          if (output.stderr.includes(wanted)) resolve();
        };
        listeners.add(listen);
        listen();
        void ended.then(({ code }) =>
          reject(new Error(`maand exited with ${code} and never printed "${wanted}":\n${output.stderr}`)),
        );
      }),
  };
}

/** Runs maand to its end in a separate process. */
export function maand(args: readonly string[], options: MaandOptions): Promise<Ended> {
  return startMaand(args, options).ended;
}

/**
 * Runs maand from the sources to its end in this process, which is faster than starting a process for a short command.
 * The command gets the same environment as in a separate process.
 */
export async function maandHere(args: readonly string[], cwd: string): Promise<Ended> {
  const { run } = await import("../../../packages/cli/src/run/run.ts");
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const restore = enterEnvironment({ HOME: cwd, LANG: "C.UTF-8" });
  try {
    const code = await run(args, {
      stdin: Readable.from([]),
      stdout,
      stderr,
      env: { PATH: process.env.PATH ?? "", HOME: cwd, LANG: "C.UTF-8" },
      cwd,
      signal: new AbortController().signal,
      now: () => new Date(),
      pid: process.pid,
      machine: hostname(),
    });
    stdout.end();
    stderr.end();
    const [out, err] = await printed;
    return { code, signal: null, stdout: out, stderr: err };
  } finally {
    restore();
  }
}

/** Variables that a command reads or passes on, and that differ between machines. */
const VARIABLES = ["HOME", "LANG", "SSH_AUTH_SOCK", "FORCE_COLOR", "NO_COLOR"] as const;
type Variables = Readonly<Partial<Record<(typeof VARIABLES)[number], string>>>;

let inside = 0;
let outside: Variables = {};

/** Sets the variables until the last command in this process has ended. */
function enterEnvironment(variables: Variables): () => void {
  if (inside === 0) outside = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
  inside += 1;
  setVariables(variables);
  return () => {
    inside -= 1;
    if (inside === 0) setVariables(outside);
  };
}

function setVariables(variables: Variables): void {
  for (const name of VARIABLES)
    if (variables[name] === undefined) delete process.env[name];
    else process.env[name] = variables[name];
}
