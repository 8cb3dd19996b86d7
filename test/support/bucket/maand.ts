import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command as it is installed: built, in a process of its own. */
export const MAAND = fileURLToPath(new URL("../../../packages/cli/bin/maand.js", import.meta.url));

/** What a command line came to. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line under way. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves once its stderr holds this text; rejects if it ends first. */
  prints(text: string): Promise<void>;
}

/** How a command is started. */
export interface MaandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Modules loaded before the program. */
  readonly preload?: readonly string[];
  /** The user and group it runs as; default: ours. */
  readonly uid?: number;
  /** The command that is run; default: the one that was built here. */
  readonly program?: string;
}

/** Starts maand; what of this machine's environment could change its answers is left out. */
export function startMaand(
  args: readonly string[],
  { cwd, env = {}, preload = [], program = MAAND, uid }: MaandOptions,
): Running {
  const node = preload.flatMap((module) => ["--import", module]);
  const child = spawn(process.execPath, [...node, program, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, LANG: "C.UTF-8", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const text = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
    for (const listen of listeners) listen();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...text }));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    prints: (wanted) =>
      new Promise((resolve, reject) => {
        const listen = () => {
          if (text.stderr.includes(wanted)) resolve();
        };
        listeners.add(listen);
        listen();
        void ended.then(({ code }) =>
          reject(new Error(`maand ended with ${code} and never said "${wanted}":\n${text.stderr}`)),
        );
      }),
  };
}

/** Runs maand to its end. */
export function maand(args: readonly string[], options: MaandOptions): Promise<Ended> {
  return startMaand(args, options).ended;
}
