import { error, type Problem, type Report } from "../domain/checks/problem.ts";
import type { Place } from "../domain/checks/validate.ts";
import { textOrReason } from "../trust/plain-text.ts";

/** The path of a user-written file, and the problem to report if it is missing. */
export interface TextPlace extends Pick<Place, "file" | "code"> {
  readonly missing?: Problem;
}

/** A user-written text file; undefined if it is missing or unreadable. An unreadable file is reported. */
export function readText(path: string, { file, code, missing }: TextPlace, report: Report): string | undefined {
  const read = textOrReason(path);
  if (read === undefined && missing) report(missing);
  if (typeof read === "object") report(error(code, file, read.message, read.hint));
  return typeof read === "string" ? read : undefined;
}
