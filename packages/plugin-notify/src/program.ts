import { spawn } from "node:child_process";
import { type Failing, LIMIT_MS } from "./failing.ts";

/** A program on this machine. */
export interface Program {
  readonly argv: readonly [string, ...string[]];
  readonly input: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The last bytes of a program's errors that are shown. */
const SHOWN = 300;

/** Runs a program to its end; it has to end within the limit. */
export function runProgram({ argv: [program, ...args], input, cwd, env }: Program, fail: Failing): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ["pipe", "ignore", "pipe"],
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = `${errors}${text}`.slice(-SHOWN);
    });
    child.on("error", (cause) => {
      clearTimeout(timer); // no exit follows for a program that cannot be started
      reject(fail(`${program} cannot be started: ${cause.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else if (signal === "SIGKILL") reject(fail(`${program} did not end within ${LIMIT_MS / 1000} s`));
      else
        reject(
          fail([`${program} ended with exit code ${code}`, errors.trim()].filter((part) => part !== "").join(": ")),
        );
    });
    child.stdin.on("error", () => undefined); // a program need not read its input
    child.stdin.end(input);
  });
}
