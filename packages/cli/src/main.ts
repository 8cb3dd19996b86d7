import { hostname } from "node:os";
import { firstWord } from "./run/globals.ts";
import { run } from "./run/run.ts";

/**
 * The only place that ends the process and listens to signals. The first ^C stops what runs, the second ends the
 * process; once the command is over, the first one does.
 */
const interrupted = new AbortController();
/** ^C is how one stops looking at logs: nothing runs, and nothing is saved. */
const follows = firstWord(process.argv.slice(2)) === "logs";
/** Set once the command has answered, or has to fail whatever it answers. */
let ended = false;
let stray = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (ended) process.exit();
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
    process.stderr.write(
      follows ? "\n" : "\nmaand: interrupted; ending what runs and saving state (again: end at once)\n",
    );
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // a reader that went away, such as head, is no reason to fail
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EPIPE") throw cause;
  });
}

// what a plugin throws where nobody waits for it: state is saved as after ^C, and nothing new is begun
process.on("uncaughtException", (cause: unknown) => {
  const output = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.stderr.write(`\nmaand: an error outside of every hook; ending what runs and saving state\n${output}\n`);
  if (stray) process.exit(1);
  stray = true;
  process.exitCode = 1;
  interrupted.abort();
});
process.on("exit", () => {
  if (ended || interrupted.signal.aborted) return;
  process.stderr.write(
    "maand: ended before it was done: the configuration, or a tap of a plugin, waits for what never comes\n" +
      "  hint: look for a promise that nobody resolves, or a callback that is never called; maand plugins --verbose lists the taps\n",
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
