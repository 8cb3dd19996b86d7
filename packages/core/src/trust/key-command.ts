import { spawnSync } from "node:child_process";
import { MaandError } from "../errors.ts";

/** The timeout of a command, in milliseconds. It is long, because the user might have to unlock a password manager. */
const LIMIT_MS = 120_000;
const MOST_BYTES = 64 * 1024;

/** A command that prints a key. */
export interface KeyCommand {
  /** The program and its arguments. They are not passed to a shell. */
  readonly argv: readonly string[];
  /** The name of its setting, for messages: `kv_key_command`. */
  readonly setting: string;
  /** The bucket's directory, in which the command runs. */
  readonly root: string;
  /** Default: the environment of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a command that prints a key, and returns what it prints. The key is only kept in memory. Standard output is
 * never shown; a part of the error output is shown only if the command fails. Throws SECRET_NOT_READ.
 */
export function runKeyCommand({ argv, setting, root, environment = process.env }: KeyCommand): Buffer {
  const [program = "", ...args] = argv;
  const options = { cwd: root, env: environment, timeout: LIMIT_MS, maxBuffer: MOST_BYTES };
  const { error, status, signal, stdout, stderr } = spawnSync(program, args, {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const named = `${setting} (${program})`;
  if (error) throw notRead(`${named} ${reasonOf(error)}`, `check ${setting} in maand.conf`, error);
  if (status !== 0) {
    const printed = stdout.toString().trim();
    const lines = stderr.toString().trim().split("\n");
    const last = (printed === "" ? lines : lines.map((line) => line.replaceAll(printed, "***"))).at(-1);
    const how = status === null ? `was stopped by ${signal}` : `exited with code ${status}`;
    throw notRead(
      `${named} ${how}${last === undefined || last === "" ? "" : `: ${last.slice(0, 300)}`}`,
      "is it logged in?",
    );
  }
  if (stdout.length === 0) throw notRead(`${named} printed nothing`, "it must print only the key");
  return stdout;
}

function reasonOf(error: Error): string {
  if (!("code" in error)) return `failed: ${error.message}`;
  if (error.code === "ENOENT") return "cannot be started: there is no such program";
  if (error.code === "ETIMEDOUT") return `did not end within ${LIMIT_MS / 1000} s`;
  return `cannot be started: ${error.code}`;
}

function notRead(message: string, hint: string, cause?: unknown): MaandError {
  return new MaandError({ code: "SECRET_NOT_READ", message: `a key could not be read: ${message}`, hint, cause });
}
