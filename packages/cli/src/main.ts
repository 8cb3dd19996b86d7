import { hostname } from "node:os";
import { run } from "./run.ts";

/** The only place that ends the process and listens to signals. The first ^C ends what runs; the second ends us. */
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
    process.stderr.write("\nmaand: interrupted; ending what runs and saving state (again: end at once)\n");
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // a reader that went away, such as head, is no reason to fail
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EPIPE") throw cause;
  });
}

process.exitCode = await run(process.argv.slice(2), {
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
