import { errorText } from "../errors.ts";

/** What an error says, without its stack; where a file threw, the line in it is kept. */
export function firstLines(cause: unknown, lines: number): string {
  return errorText(cause).split("\n").slice(0, lines).join("\n").trim() || "it cannot be read";
}
