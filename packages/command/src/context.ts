import type { Readable, Writable } from "node:stream";
import type { MaandEvent } from "@maand/core";
import type { LoadOptions } from "@maand/core/internal";
import type { BucketPaths, Store } from "@maand/core/readonly";
import type { EventReader } from "@maand/core/toolbox";
import type { Style } from "./style.ts";

/** The values that a command receives from the process; tests pass their own. */
export interface ProcessContext {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly pid: number;
  readonly machine: string;
  /**
   * Calls a function whenever the process has nothing left to wait for and would exit; returns a function that stops
   * this.
   */
  readonly onIdle?: (listener: () => void) => () => void;
  /**
   * Calls a function before the process ends in any way except SIGKILL, before it is suspended (Ctrl-Z), and after it
   * was resumed. Returns a function that stops this. The function restores the terminal.
   */
  readonly onTerminalEvent?: (listener: (moment: TerminalEvent) => void) => () => void;
}

/** The moments at which the process leaves its terminal or returns to it. */
export type TerminalEvent = "exit" | "suspend" | "resume";

/** How progress is shown. */
export interface ProgressOptions {
  readonly quiet: boolean;
  /** Whether the output of make and hooks is shown in full, even on a live screen. */
  readonly verbose: boolean;
  /** As typed: `auto`, `live`, `lines` or `json`; undefined without the flag. */
  readonly progress: string | undefined;
  /** The directory in which the command runs. */
  readonly from: string;
  readonly style: Style;
}

/** Prints the events of a command as they occur. */
export interface ProgressReader extends Required<Pick<EventReader, "readLines">>, Pick<EventReader, "backPressure"> {
  (event: MaandEvent): void;
  /**
   * Ends the output, and restores the terminal. Call it in every case when the command ends; it is safe to call twice.
   */
  end(): void;
}

/** The parts of the program that commands use. */
export interface Program {
  /**
   * The options for loading a bucket's configuration: the stock plugins, and the modules that a configuration can
   * import.
   */
  loadOptions(configFile: string | undefined): Promise<LoadOptions>;
  /**
   * Prints events on stderr as they occur: a live screen on a terminal, lines elsewhere, only problems with `quiet`.
   * Throws USAGE.
   */
  reader(how: ProgressOptions): Promise<ProgressReader>;
  /** The output of `maand status --json`, read only from the store of a bucket. */
  status(store: Store, paths: BucketPaths, now: Date): Promise<object>;
  /** The program, as an absolute path, and the arguments before any command, to run commands of maand as processes. */
  readonly self: readonly [string, ...string[]];
}

/** The exit codes, as documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  refused: 2,
  busy: 3,
  pending: 4,
  stale: 5,
  paused: 6,
  drifted: 7,
  interrupted: 130,
} as const;
