import type { Duplex, Readable } from "node:stream";
import type { Secret } from "./secret.ts";

/** A command: always a list of arguments, never a shell line. A {@link Secret} in it prints as dots. */
export type Argv = readonly (string | Secret)[];

/** How a command is to be run. */
export interface ExecOptions {
  /** What a message calls the command, such as `the check for tools`; default: its words. */
  readonly title?: string;
  /** Added to the command's environment. Names must be `[A-Za-z_][A-Za-z0-9_]*`. */
  readonly env?: Readonly<Record<string, string | Secret>>;
  /** Directory to run in; default: the login directory (ssh) or the worker's directory (local). */
  readonly cwd?: string;
  /** Given to the command as its input; default: no input. */
  readonly stdin?: string | Uint8Array;
  /** As root: with `use_sudo`, through sudo that asks nothing; otherwise as the user that logged in. Default false. */
  readonly asRoot?: boolean;
  /** Milliseconds until the command is ended and TIMED_OUT is thrown; default: `timeouts.command` of the bucket. */
  readonly timeoutMs?: number;
  /** Ends the command; INTERRUPTED is then thrown. */
  readonly signal?: AbortSignal;
  /**
   * Written to the command's input (kept open till then) when `signal` aborts, so that it can end its own children;
   * the connection is cut `graceMs` later. Without it the command is sent SIGTERM.
   */
  readonly stopWord?: string;
  /** Milliseconds between the end being asked for and the command being cut off; default 5,000. */
  readonly graceMs?: number;
  /** Called for every line as it comes, without its line end; lines are cut at 8,192 characters. */
  readonly onLine?: (line: string, stream: OutputStream) => void;
}

/** How a command is to be run whose streams are handed over. */
export type StreamOptions = Pick<ExecOptions, "title" | "asRoot" | "env" | "signal">;

export type OutputStream = "stdout" | "stderr";

/** What came of a command. Of each output the last 1 MiB is kept. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** A running command whose protocol somebody else speaks (rsync). */
export interface RemoteStream {
  /** Its input and output. */
  readonly io: Duplex;
  readonly stderr: Readable;
  /** Its exit code, or null when a signal or a closed connection ended it. Never rejects. */
  readonly exit: Promise<number | null>;
  /** Ends it now. */
  destroy(): void;
}

/**
 * One worker we can speak to, over one connection. Made by a transport plugin in the `connect` hook.
 *
 * All three ways to run a command throw a MaandError: UNREACHABLE when nothing was begun, DISCONNECTED when the
 * connection closed after it had begun, TIMED_OUT, INTERRUPTED; `exec` also COMMAND_FAILED.
 */
export interface Remote {
  /** The worker's name: its `host` of workers.json. */
  readonly host: string;
  /** Absolute path of the bucket's directory on the worker: `<worker_root>/<bucket_id>` (decision 29). */
  readonly root: string;
  /** How it is reached: `ssh`, `local`, or a plugin's own word. Lets a tap answer for its own kind only. */
  readonly transport: string;
  /** Whether `asRoot` goes through sudo there. */
  readonly sudo: boolean;
  /** Runs a command that must succeed. */
  exec(argv: Argv, options?: ExecOptions): Promise<ExecResult>;
  /** Runs a command whose exit code is the answer. */
  probe(argv: Argv, options?: ExecOptions): Promise<ExecResult>;
  /** Starts a command and hands over its streams. */
  stream(argv: Argv, options?: StreamOptions): Promise<RemoteStream>;
  /** Ends the connection; commands still running there lose it. Safe to call twice. */
  close(): Promise<void>;
}
