import type { Duplex, Readable } from "node:stream";
import type { Secret } from "./secret.ts";

/** A command: always a list of arguments, never a shell line. A {@link Secret} in it prints as dots. */
export type Argv = readonly (string | Secret)[];

/** The options of a command. */
export interface ExecOptions {
  /** The name of the command in messages, such as `the check for tools`; default: its words. */
  readonly title?: string;
  /** Added to the command's environment. Names must be `[A-Za-z_][A-Za-z0-9_]*`. */
  readonly env?: Readonly<Record<string, string | Secret>>;
  /** Directory to run in; default: the login directory (ssh) or the worker's directory (local). */
  readonly cwd?: string;
  /** The input of the command; default: none. */
  readonly stdin?: string | Uint8Array;
  /** Run as root: with `use_sudo` through `sudo -n`, otherwise as the login user. Default false. */
  readonly asRoot?: boolean;
  /**
   * The timeout in milliseconds, after which the command is stopped and TIMED_OUT is thrown; default:
   * `timeouts.command`.
   */
  readonly timeoutMs?: number;
  /** Abort it to stop the command; then INTERRUPTED is thrown. */
  readonly signal?: AbortSignal;
  /**
   * Written to the command's input (kept open until then) when `signal` aborts, so that the command can stop its own
   * children; the connection is closed `graceMs` later. Without it, the command receives SIGTERM.
   */
  readonly stopWord?: string;
  /** The time between the request to stop and the forced end, in milliseconds; default 5,000. */
  readonly graceMs?: number;
  /** Called for every line as it arrives, without the newline. Lines are truncated to 8,192 characters. */
  readonly onLine?: (line: string, stream: OutputStream) => void;
}

/** The options of a command whose streams are returned. */
export type StreamOptions = Pick<ExecOptions, "title" | "asRoot" | "env" | "signal">;

export type OutputStream = "stdout" | "stderr";

/** The result of a command, with the last 1 MiB of each stream. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** A running command whose streams the caller reads and writes, such as rsync. */
export interface RemoteStream {
  /** Its input and output. */
  readonly io: Duplex;
  readonly stderr: Readable;
  /** The exit code, as in `probe`; null if the connection closed or this side stopped the command. Never rejects. */
  readonly exit: Promise<number | null>;
  /** Stops it immediately. */
  destroy(): void;
}

/**
 * A connection to one worker, created by a transport plugin in the `connect` hook.
 *
 * All three ways to run a command throw a MaandError: UNREACHABLE if nothing was started, DISCONNECTED if the
 * connection closed after the start, TIMED_OUT, INTERRUPTED; `exec` also COMMAND_FAILED.
 */
export interface Remote {
  /** The worker's name: its `host` of workers.json. */
  readonly host: string;
  /**
   * Absolute path of the bucket's directory on the worker: `root` of the context of `connect`, which `locate` can
   * change.
   */
  readonly root: string;
  /**
   * The transport: `ssh`, `local`, or a plugin's own name. A tap uses it to handle only workers of its own transport.
   */
  readonly transport: string;
  /** Whether `asRoot` uses sudo on this worker. */
  readonly sudo: boolean;
  /** Runs a command that must succeed. */
  exec(argv: Argv, options?: ExecOptions): Promise<ExecResult>;
  /** Runs a command whose exit code is the result. */
  probe(argv: Argv, options?: ExecOptions): Promise<ExecResult>;
  /** Starts a command and returns its streams. */
  stream(argv: Argv, options?: StreamOptions): Promise<RemoteStream>;
  /** Closes the connection, also for commands that are still running. May be called twice. */
  close(): Promise<void>;
}
