import { error, type JobFile, type Report } from "@maand/core";
import { placeOf } from "./sources.ts";

/** The text of a job's file; undefined if it is not text, which is reported. */
export function readTextFile(
  job: string,
  file: JobFile,
  read: (file: JobFile) => Uint8Array,
  report: Report,
): string | undefined {
  const where = placeOf(job, file.path);
  const text = decoded(read(file));
  if (text === undefined) report(error("invalid_prometheus", where, "is not UTF-8 text", "save it as UTF-8"));
  else if (text.trim() === "") report(error("invalid_prometheus", where, "is empty", "add content, or delete it"));
  else return text;
  return undefined;
}

/** Bytes as text; undefined if they are not UTF-8. */
export function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
