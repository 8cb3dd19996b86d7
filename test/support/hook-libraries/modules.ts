import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ended } from "../bucket/maand.ts";
import { HOOK_ENV } from "./library-case.ts";

const LIBRARIES = fileURLToPath(new URL("../../../packages/plugin-job-commands/lib", import.meta.url));
const JITI = fileURLToPath(import.meta.resolve("jiti")).replace(/lib\/jiti\.mjs$/, "lib/jiti-cli.mjs");

/** A directory in a bucket like the directory of a job command's script, with the libraries next to the script. */
export interface Modules {
  /** The bucket's directory. */
  readonly bucket: string;
  /** Writes a file next to the libraries. */
  put(name: string, text: string): void;
  /** Runs a script with the program for its extension, as maand runs a job command. */
  run(script: string, options?: { readonly env?: Readonly<Record<string, string>> }): Promise<Ended>;
  dispose(): void;
}

/** Creates such a directory. */
export function modules(): Modules {
  const bucket = mkdtempSync(join(tmpdir(), "maand-modules-"));
  const place = join(bucket, "tmp", "_modules");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(bucket, "maand.conf"), "");
  for (const library of ["maand.py", "maand.ts"]) copyFileSync(join(LIBRARIES, library), join(place, library));
  return {
    bucket,
    put: (name, text) => writeFileSync(join(place, name), text),
    run: (script, { env = {} } = {}) => {
      const program = script.endsWith(".py") ? ["python3", "-B", script] : [process.execPath, JITI, `./${script}`];
      return ended(program, place, { PATH: process.env.PATH ?? "", ...HOOK_ENV, ...env });
    },
    dispose: () => rmSync(bucket, { recursive: true, force: true }),
  };
}

/** The text of a file in the directory of this module. */
export function ours(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

function ended([program = "", ...args]: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (part: string) => {
      text[stream] += part;
    });
  return new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...text }));
  });
}
