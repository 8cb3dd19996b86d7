import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { MaandError } from "@maand/core";
import { readPlan, type SavedPlan } from "@maand/saved-plans";

/**
 * Writes the file of a plan, completely or not at all. Only the owner can read the file, because it contains the
 * contents of other files.
 */
export function writePlan(path: string, text: string): void {
  const fresh = `${path}.${process.pid}.new`;
  try {
    writeFileSync(fresh, text, { mode: 0o600 });
    renameSync(fresh, path);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw new MaandError({
      code: "USAGE",
      message: `the plan cannot be written to ${path}: ${reasonOf(cause)}`,
      hint: "name a file in a directory that exists and that you can write to",
      cause,
    });
  }
}

/**
 * Reads the file of a plan; `name` is its name on the command line. Throws PLAN_INVALID for anything except a complete
 * plan.
 */
export function loadPlan(path: string, name: string): SavedPlan {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new MaandError({
      code: "PLAN_INVALID",
      message: `${name} cannot be read: ${reasonOf(cause)}`,
      hint: `make a plan with: maand plan --out ${name}`,
      cause,
    });
  }
  return readPlan(text, name);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EACCES: "permission was denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
};

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return ("code" in cause && REASONS[String(cause.code)]) || cause.message;
}
