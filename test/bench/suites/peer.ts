import type { Contender } from "../suite.ts";

/** The command that all programs run. It prints a line on each worker. */
export const PRINTED = "echo ran";

/** One program and one operation. */
export interface Peer extends Pick<Contender, "turns"> {
  readonly name: string;
  /** Returns the command line, which differs each time if it must write changed files. */
  argv(): readonly string[];
  /** The Debian package. */
  readonly from: string;
  /** The text that the program prints once for each worker on which the operation succeeded. */
  readonly succeeded: RegExp;
  /** Throws unless the workers are in the state that the operation should produce. */
  check?(): Promise<void>;
  /**
   * `command`: one command, the only operation with goals for hundreds of workers; `changes`: four changes; `others`:
   * all other operations.
   */
  readonly kind: "command" | "others" | "changes";
}
