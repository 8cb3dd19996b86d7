import { MaandError } from "@maand/core/readonly";
import type { Printed } from "./maand-process.ts";

/** An error in the format of commands with `--json`. */
export interface PrintedError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** The error in the output of a command, its last line of JSON; undefined if it printed none. */
export function errorIn(text: string): PrintedError | undefined {
  for (const line of text.trimEnd().split("\n").reverse()) {
    if (!line.startsWith('{"error":')) continue;
    try {
      const { error }: { readonly error: PrintedError } = JSON.parse(line);
      return { code: String(error.code), message: String(error.message), hint: error.hint ?? null };
    } catch {
      // the line only looks like an error
    }
  }
  return undefined;
}

/** Parses the JSON that a command printed. Throws an error of the command as a refusal for the web UI. */
export function jsonIn(printed: Printed, accepted: readonly number[] = [0]): unknown {
  if (accepted.includes(printed.code) && errorIn(printed.stdout) === undefined) return JSON.parse(printed.stdout);
  throw failureOf(printed);
}

/** The reason why a command failed. */
export function failureOf({ code, stdout, stderr }: Printed): MaandError {
  const error = errorIn(stdout);
  const last = stderr.trim().split("\n").slice(-3).join(" ");
  const message = error?.message ?? (last === "" ? `the command exited with code ${code}` : last);
  return new MaandError({
    code: knownCode(error?.code),
    message,
    ...(error?.hint == null ? {} : { hint: error.hint }),
  });
}

function knownCode(code: string | undefined): MaandError["code"] {
  return code === undefined ? "COMMAND_FAILED" : (`${code}` as MaandError["code"]);
}
