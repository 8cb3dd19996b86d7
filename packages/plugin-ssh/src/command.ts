import { type Argv, shellLine, type Wrapping, wrapCommand } from "@maand/core";

/** A command as ssh carries it. */
export interface WireCommand {
  /** The shell line. */
  readonly line: string;
  /** What is written to its input before anything else: one line for each secret variable. */
  readonly preface: string;
}

/** The line for a command, wrapped as core wraps it, for the one shell that every ssh server puts in between. */
export function wireCommand(argv: Argv, wrapping: Wrapping): WireCommand {
  const { argv: words, preface } = wrapCommand(argv, wrapping);
  return { line: `exec ${shellLine(words)}`, preface };
}
