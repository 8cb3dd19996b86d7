import { readdirSync, readlinkSync, realpathSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const PATIENCE_MS = 5000;

/** Terminates every process of the jobs in a bucket's directory, and returns the number of processes. */
export async function endProcessesBelow(directory) {
  const place = realpathSync(directory);
  const found = processesBelow(place);
  for (const pid of found) send(pid, "SIGTERM");
  const limit = performance.now() + PATIENCE_MS;
  while (processesBelow(place).length > 0) {
    if (performance.now() > limit) for (const pid of processesBelow(place)) send(pid, "SIGKILL");
    await pause(20);
  }
  return found.length;
}

/** The processes whose current directory is inside `data/` of a bucket. */
function processesBelow(place) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => `${directoryOf(pid)}/`.startsWith(`${place}/data/`));
}

function directoryOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // the process has already ended
  }
}
