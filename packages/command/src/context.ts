import type { Readable, Writable } from "node:stream";
import type { MaandEvent } from "@maand/core";
import type { LoadOptions } from "@maand/core/internal";
import type { Style } from "./style.ts";

/** What a command receives from the process; tests pass their own values. */
export interface ProcessContext {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
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
}

/** The parts of the program that commands use. */
export interface Program {
  /** How to load a bucket's configuration: the stock plugins, and the modules that a configuration can import. */
  loadOptions(configFile: string | undefined): Promise<LoadOptions>;
  /** Prints events on stderr as they occur: a live screen on a terminal, plain lines elsewhere, little with `quiet`. */
  reader(how: { readonly quiet: boolean; readonly style: Style }): Promise<(event: MaandEvent) => void>;
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
