import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeEnvironment } from "../postgres/test-store.ts";
import { type Ended, MAAND } from "./maand.ts";

let tools: string | undefined;

/** A directory for PATH in which `maand` is the built command. */
export function maandOnPath(): string {
  if (tools !== undefined) return tools;
  const made = mkdtempSync(join(tmpdir(), "maand-path-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  writeFileSync(join(made, "maand"), `#!/bin/sh\nexec ${process.execPath} ${MAAND} "$@"\n`, { mode: 0o755 });
  tools = made;
  return made;
}

/** A word that a shell would not change, or a word in quotes. */
const WORD = /^(?:[\w./:=@,+%-]+|"[^"$`\\!]*"|'[^']*')+$/;

/** The calls to maand in lines that contain nothing else; undefined for lines that need a shell. */
export function callsOfMaand(lines: string): string[][] | undefined {
  const calls: string[][] = [];
  for (const call of lines.split(/\n|&&/)) {
    const words = call.trim().match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
    if (words.length === 0) continue;
    if (words[0] !== "maand" || !words.every((word) => WORD.test(word))) return undefined;
    calls.push(words.slice(1).map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2")));
  }
  return calls;
}

/** Runs lines of a document with bash in a directory. bash exits at the first line that fails. */
export function type(lines: string, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn("bash", ["-e", "-c", lines], {
    cwd,
    env: {
      HOME: cwd,
      LANG: "C.UTF-8",
      ...storeEnvironment(),
      ...env,
      PATH: `${env.PATH ?? maandOnPath()}:${process.env.PATH ?? ""}`,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (chunk: string) => {
      text[stream] += chunk;
    });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...text }));
  });
}
