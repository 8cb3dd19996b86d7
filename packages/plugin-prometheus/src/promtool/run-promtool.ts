import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProgram } from "./find-promtool.ts";
import { digestOf, type PassedChecks } from "./passed-checks.ts";
import type { ToolFile } from "./tool-file.ts";

/** The result of promtool. */
export interface ToolRun {
  readonly state: "absent" | "passed" | "refused";
  readonly output: string;
}

const TIME_LIMIT_MS = 60_000;

/** The arguments to check a rule file. */
export const CHECK_RULES = ["check", "rules"] as const;

/**
 * The arguments to check a configuration, without the certificates and other files that it names, because
 * these files are on the worker.
 */
export const CHECK_CONFIG = ["check", "config", "--syntax-only"] as const;

/** promtool on this machine, and its earlier checks. */
export interface Promtool {
  /** Its name or path. */
  readonly program: string;
  readonly passed: PassedChecks;
}

const PASSED: ToolRun = { state: "passed", output: "" };

/** Checks some files with promtool, unless the same files have passed the same check before. */
export async function runPromtool(
  { program, passed }: Promtool,
  check: readonly string[],
  files: readonly ToolFile[],
): Promise<ToolRun> {
  if (files.length === 0) return PASSED;
  const found = findProgram(program);
  if (!found) return { state: "absent", output: "" };
  const digest = digestOf(found.identity, check, files);
  if (passed.has(digest)) return PASSED;
  const result = await runIn(found.path, check, files);
  if (result.state === "passed") passed.add(digest);
  return result;
}

/** Runs promtool in a private directory that is deleted afterwards, because the files may contain secrets. */
async function runIn(program: string, check: readonly string[], files: readonly ToolFile[]): Promise<ToolRun> {
  const directory = mkdtempSync(join(tmpdir(), "maand-promtool-"));
  try {
    for (const { name, text } of files) {
      mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 });
      writeFileSync(join(directory, name), text, { mode: 0o600 });
    }
    return await run(program, directory, [...check, ...files.map(({ name }) => name)]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(program: string, cwd: string, args: readonly string[]): Promise<ToolRun> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: TIME_LIMIT_MS, maxBuffer: 2 ** 24 }, (failure, stdout, stderr) => {
      if (failure?.code === "ENOENT") resolve({ state: "absent", output: "" });
      else resolve({ state: failure ? "refused" : "passed", output: `${stdout}\n${stderr}` });
    });
  });
}

/** A reason that promtool reports, and its line in the file, if given. */
export interface Reason {
  readonly message: string;
  readonly line?: number;
}

/**
 * The reasons that promtool reports for one file: `a.yaml: 3:12: group "a", rule 1: ...`, or a first line and further
 * lines below it.
 */
export function reasonsFor(output: string, name: string): Reason[] {
  const lines = output.split("\n");
  return lines.flatMap((line, at) => {
    const text = line.replace(/^\s*FAILED:\s*/, "");
    if (!text.startsWith(`${name}:`) && !text.endsWith(`${name}:`)) return [];
    const rest = text.slice(text.indexOf(`${name}:`) + name.length + 1).trim();
    const below = lines.slice(
      at + 1,
      lines.findIndex((next, index) => index > at && !/^\s+line \d+:/.test(next)),
    );
    return below.length > 0 ? below.map(reasonOf) : [reasonOf(rest)];
  });
}

/** The reason that promtool reports for a whole run: its last line. */
export function lastReason(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  const last = lines.filter((line) => line !== "" && !/^(Checking|SUCCESS)/.test(line)).at(-1) ?? "no reason given";
  return last.replace(/^FAILED:\s*/, "");
}

function reasonOf(text: string): Reason {
  const [, column, row, message = ""] = /^(?:(\d+):\d+|line (\d+)): (.*)$/.exec(text.trim()) ?? [];
  const line = column ?? row;
  return line === undefined ? { message: text.trim() } : { message, line: Number(line) };
}
