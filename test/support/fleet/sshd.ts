import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { LineReader } from "./line-reader.ts";
import type { Namespace } from "./namespace.ts";

/** Options of an sshd. */
export interface SshdOptions {
  readonly directory: string;
  readonly address: string;
  readonly port: number;
  /** Additional lines of its configuration, which come first and therefore take precedence. */
  readonly extra: readonly string[];
}

/** A running sshd. */
export interface Sshd {
  /** Its output so far, line by line. */
  readonly log: readonly string[];
}

/**
 * Starts an sshd inside a worker's namespace and waits until it listens. It runs in the background, because `nsenter`
 * stops together with its child, and would remain stopped when the child continues.
 */
export async function startSshd(namespace: Namespace, options: SshdOptions): Promise<Sshd> {
  const config = `${options.directory}/sshd_config`;
  await writeFile(config, configText(options));
  const [program = "", ...args] = [
    ...namespace.enter,
    "sh",
    "-c",
    '"$@" &',
    "sh",
    "/usr/sbin/sshd",
    "-D",
    "-e",
    "-f",
    config,
  ];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  child.unref();
  const log: string[] = [];
  await listening(child, log);
  return { log };
}

function listening(child: ChildProcess, log: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = new LineReader((line) => {
      log.push(line);
      if (line.startsWith("Server listening on")) resolve();
    });
    child.stderr?.on("data", (chunk: Buffer) => lines.push(chunk));
    child.once("error", reject);
    child.once("close", () => reject(new Error(`sshd did not start: ${log.join(" / ")}`)));
  });
}

function configText({ directory, address, port, extra }: SshdOptions): string {
  return [
    ...extra,
    `ListenAddress ${address}`,
    `Port ${port}`,
    `HostKey ${directory}/host_key`,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    "PidFile none",
    "UsePAM no",
    "UseDNS no",
    "StrictModes no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "LogLevel VERBOSE",
    "",
  ].join("\n");
}
