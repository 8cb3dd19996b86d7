import { errorText } from "../errors.ts";

/** Returns the first lines of the message of an error, without its stack trace. */
export function firstLines(cause: unknown, lines: number): string {
  return errorText(cause).split("\n").slice(0, lines).join("\n").trim() || "it cannot be read";
}
