import { hostname } from "node:os";
import { firstWord } from "./run/globals.ts";
import { run } from "./run/run.ts";

/**
 * The only file that ends the process and handles signals. The first Ctrl-C stops the running command, the second ends the
 * process; after the command has ended, the first one does.
 */
const interrupted = new AbortController();
/** Ctrl-C is the normal way to stop following logs: nothing else runs and there is nothing to save. */
const follows = firstWord(process.argv.slice(2)) === "logs";
/** Set when the command has returned, or must fail regardless of its result. */
let ended = false;
let stray = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (ended) process.exit();
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
    process.stderr.write(follows ? "\n" : "\nmaand: interrupted; stopping (press Ctrl-C again to force)\n");
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // a closed output pipe, such as that of head, is not an error
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EPIPE") throw cause;
  });
}

// an error of a plugin outside of awaited code: state is saved as after Ctrl-C, and nothing new starts
process.on("uncaughtException", (cause: unknown) => {
  const output = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.stderr.write(`\nmaand: an error outside all hooks; stopping\n${output}\n`);
  if (stray) process.exit(1);
  stray = true;
  process.exitCode = 1;
  interrupted.abort();
});
process.on("exit", () => {
  if (ended || interrupted.signal.aborted) return;
  process.stderr.write(
    "maand: exited early: the configuration or a tap of a plugin is waiting on a promise that never settles\n" +
      "  hint: look for a promise that is never resolved or a callback that is never called; maand plugins --verbose lists the taps\n",
  );
});

const code = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: interrupted.signal,
  now: () => new Date(),
  pid: process.pid,
  machine: hostname(),
});
process.exitCode = stray ? 1 : code;
ended = true;
