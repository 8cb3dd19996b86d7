import { createInterface } from "node:readline/promises";
import { MaandError } from "@maand/core/readonly";
import type { Context } from "../command.ts";

/** A prompt for a person at a terminal. */
export interface Confirmation {
  /** What would happen, as a part of a sentence: `3 workers would be changed`. */
  readonly what: string;
  /** The question, without the choices. */
  readonly question: string;
  /** What to do without a terminal. */
  readonly hint: string;
}

/** Prompts on a terminal; the default answer is no. Throws USAGE without a terminal. */
export async function confirmed(
  { what, question, hint }: Confirmation,
  { stdin, stderr, signal }: Pick<Context, "stdin" | "stderr" | "signal">,
): Promise<boolean> {
  if (stdin.isTTY !== true)
    throw new MaandError({
      code: "USAGE",
      message: `${what}, but there is no terminal for the confirmation`,
      hint,
    });
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    asking.close();
  }
}
