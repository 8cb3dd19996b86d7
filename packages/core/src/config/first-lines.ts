import { errorText } from "../errors.ts";

/** The message of an error without its stack trace, but with the file and line that threw it. */
export function firstLines(cause: unknown, lines: number): string {
  return errorText(cause).split("\n").slice(0, lines).join("\n").trim() || "it cannot be read";
}
