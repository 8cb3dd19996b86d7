import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, MAAND } from "../bucket/maand.ts";
import type { Scratch } from "../bucket/scratch.ts";
import { until } from "../fleet/until.ts";

const RELAY = fileURLToPath(new URL("relay.mjs", import.meta.url));

/**
 * Keeps namespaces open that look like another machine to maand: they have their own processes, a network with only the
 * loopback interface, and the host name `$1`.
 */
const HOLD = 'hostname "$1"; ip link set lo up; echo ready; exec sleep infinity';

/** Options of a command on a machine. */
export interface MachineOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Modules that are loaded before the program. */
  readonly preload?: readonly string[];
}

/** A machine in its own namespaces. It can reach only some addresses of this machine. */
export interface Machine {
  /** Runs maand in the directory of a bucket. Killing maand also kills its child processes. */
  maand(bucket: Scratch, args: readonly string[], options?: MachineOptions): Promise<Ended>;
  close(): Promise<void>;
}

/** Starts a machine. `places` are the addresses that it can reach, such as `127.0.0.1:5432`. */
export async function startMachine(name: string, places: readonly string[]): Promise<Machine> {
  const directory = mkdtempSync(join(tmpdir(), "maand-machine-"));
  const servers = await Promise.all(places.map((place) => serve(join(directory, place), place)));
  const namespaces = ["--net", "--uts", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child=KILL"];
  const holder = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", ...namespaces, "sh", "-c", HOLD, "sh", name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await printed(holder.stdout, "ready");
  const at = `/proc/${holder.pid}/ns`;
  const enter = [`--net=${at}/net`, `--uts=${at}/uts`, `--mount=${at}/mnt`, `--pid=${at}/pid_for_children`];
  const inside = (args: readonly string[]) => [
    ...enter,
    "--",
    "setpriv",
    "--pdeathsig",
    "KILL",
    process.execPath,
    ...args,
  ];
  const relay = spawn("nsenter", inside([RELAY, directory, ...places]), { stdio: ["ignore", "pipe", "inherit"] });
  await printed(relay.stdout, "ready");
  return {
    maand(bucket, args, { env = {}, preload = [] } = {}) {
      const child = spawn(
        "nsenter",
        inside([...preload.flatMap((module) => ["--import", module]), MAAND, "-C", bucket.root, ...args]),
        {
          env: { PATH: process.env.PATH ?? "", HOME: bucket.root, LANG: "C.UTF-8", ...env },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      const output = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const)
        child[name].setEncoding("utf8").on("data", (chunk: string) => {
          output[name] += chunk;
        });
      return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({ code, signal, ...output }));
      });
    },
    async close() {
      holder.kill("SIGKILL");
      await until("the machine to end", () => holder.exitCode !== null || holder.signalCode !== null);
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Forwards connections from a Unix socket to an address. */
function serve(socket: string, place: string): Promise<Server> {
  const [host = "", port = ""] = place.split(":");
  const server = createServer((inside) => {
    const outside = connect(Number(port), host);
    inside.pipe(outside).pipe(inside);
    inside.on("error", () => outside.destroy()).on("close", () => outside.destroy());
    outside.on("error", () => inside.destroy()).on("close", () => inside.destroy());
  });
  return new Promise((resolve) => server.listen(socket, () => resolve(server)));
}

function printed(stream: NodeJS.ReadableStream, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(word)) resolve();
    });
    stream.once("end", () => reject(new Error(`a machine did not start: ${text}`)));
  });
}
