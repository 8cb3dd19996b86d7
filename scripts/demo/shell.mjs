import { spawn } from "node:child_process";
import { delimiter, resolve } from "node:path";
import { Refused } from "./refused.mjs";
import { typed } from "./say.mjs";

const BIN = resolve("node_modules/.bin");

/**
 * Prints and runs commands in the bucket's directory, with the `maand` of this repository. After an interruption, the
 * current command still runs to its end, so that no process is left behind.
 */
export class Shell {
  #stopped = false;

  constructor(directory) {
    this.directory = directory;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
      process.on(signal, () => {
        this.#stopped = true;
      });
  }

  /** Runs a command to its end; all its output goes to stdout, in order. Throws Refused if it fails. */
  async type(command) {
    typed(command);
    const code = await this.#run(command, ["ignore", "inherit", 1]);
    if (code !== 0) throw new Refused(`"${command}" exited with code ${code}; ${this.directory} is kept`, 1);
  }

  /** Like `type`, but returns the lines of the output and ignores the exit code. */
  async typeAndRead(command) {
    typed(command);
    let text = "";
    await this.#run(command, ["ignore", "pipe", 1], (chunk) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    return text.trim().split("\n");
  }

  /** Runs a command and returns its exit code. */
  async attempt(command) {
    typed(command);
    return this.#run(command, ["ignore", "inherit", 1]);
  }

  async #run(command, stdio, onText) {
    const child = spawn("sh", ["-c", `exec ${command}`], { cwd: this.directory, stdio, env: environment() });
    child.stdout?.setEncoding("utf8").on("data", onText);
    const code = await new Promise((done, failed) => {
      child.once("error", failed);
      child.once("close", (status, signal) => done(status ?? signal));
    });
    if (this.#stopped) throw new Refused("interrupted; npm run demo -- --down cleans up", 130);
    return code;
  }
}

function environment() {
  return { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH}` };
}
