import type { Contender } from "../suite.ts";

/** The command of all programs; each worker prints a line. */
export const PRINTED = "echo ran";

/** One program and one operation. */
export interface Peer extends Pick<Contender, "turns"> {
  readonly name: string;
  /** The command line; another one each time, if what it writes is to change. */
  argv(): readonly string[];
  /** The Debian package. */
  readonly from: string;
  /** What it prints once for each worker on which the operation succeeded. */
  readonly succeeded: RegExp;
  /** Fails unless the workers are as the operation leaves them. */
  check?(): Promise<void>;
  readonly kind: "few" | "all" | "changes";
}
