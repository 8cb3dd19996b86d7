import type { Contender } from "../suite.ts";

/** The command of all programs; each worker prints a line. */
export const PRINTED = "echo ran";

/** One program and one operation. */
export interface Peer extends Pick<Contender, "turns"> {
  readonly name: string;
  /** The command line; it differs each time if the files that it writes must change. */
  argv(): readonly string[];
  /** The Debian package. */
  readonly from: string;
  /** The text that the program prints once for each worker on which the operation succeeded. */
  readonly succeeded: RegExp;
  /** Fails unless the workers are in the state that the operation produces. */
  check?(): Promise<void>;
  /**
   * `command`: the operation with goals for hundreds of workers; `changes`: four changes; `others`: all other
   * operations.
   */
  readonly kind: "command" | "others" | "changes";
}
