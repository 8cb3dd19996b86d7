import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** The cost of a complete process. */
export interface Took {
  readonly ms: number;
  /** Milliseconds of CPU, in steps of 10. Wrong if another child process ended at the same time. */
  readonly cpuMs: number;
  /** Its maximum memory, in MB. */
  readonly mb: number;
  readonly code: number | null;
  readonly stderr: string;
  /** The output of the process; empty if it was not kept. */
  readonly stdout: string;
}

/** Runs a program to its end, and measures its time, CPU time and memory. */
export function measure(argv: readonly string[], cwd: string, stdout: "ignore" | "pipe" = "ignore"): Promise<Took> {
  const [program = "", ...args] = argv;
  const before = childrenCpuMs();
  const began = performance.now();
  const child = spawn(program, args, { cwd, stdio: ["ignore", stdout, "pipe"] });
  let mb = 0;
  const printed = { stdout: "", stderr: "" };
  const watch = setInterval(() => {
    mb = Math.max(mb, peakOf(child.pid ?? 0));
  }, 25);
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      printed[name] += chunk;
    });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearInterval(watch);
      resolve({ ms: performance.now() - began, cpuMs: childrenCpuMs() - before, mb, code, ...printed });
    });
  });
}

/** The frequency of the clock with which Linux counts CPU time. */
const TICKS_PER_SECOND = 100;

/** CPU time of all ended child processes so far. */
function childrenCpuMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const [user, system] = [Number(fields[13]), Number(fields[14])];
  return ((user + system) * 1000) / TICKS_PER_SECOND;
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
