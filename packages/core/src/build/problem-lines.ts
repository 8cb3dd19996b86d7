import { keyLines } from "../domain/checks/duplicate-keys.ts";
import type { Problem } from "../domain/checks/problem.ts";

/** Adds to each problem the line of the key it names, if the text of its file is known. */
export function withLines(problems: readonly Problem[], texts: ReadonlyMap<string, string>): Problem[] {
  const known = new Map<string, ReturnType<typeof keyLines>>();
  return problems.map((problem) => {
    const [file = "", ...key] = problem.where.split(": ");
    const text = texts.get(file);
    if (text === undefined || key.length === 0) return problem;
    const lines = known.get(file) ?? keyLines(text);
    known.set(file, lines);
    const line = lines(key.join(": "));
    return line === undefined ? problem : { ...problem, line };
  });
}
