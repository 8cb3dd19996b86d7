import { hostname } from "node:os";
import type { TerminalEvent } from "@maand/command";
import { systemText, unexpected } from "@maand/command/unexpected";
import { ENDING, IGNORED, ignoredSignals } from "./process/ignored-signals.ts";
import { flushed, watchOutput } from "./process/output-errors.ts";
import { firstWord } from "./run/globals.ts";
import { run } from "./run/run.ts";

/**
 * The only file that ends the process and handles signals. The first signal stops the running command and saves the
 * state. The second signal ends the process immediately, as does the first signal after the command has ended.
 */
const [argv, cwd] = [process.argv.slice(2), currentDirectory()];
const interrupted = new AbortController();
const stdout = watchOutput(process.stdout);
watchOutput(process.stderr);
/** The exit code, after the command has its result. */
let ended: number | undefined;
/** The number of errors that no command caught. */
let strays = 0;
const STRAYS_SHOWN = 3;

/** How long open handles may keep the process alive after a command has its result. */
const LEFT_OPEN_MS = 5_000;

/**
 * Whether Ctrl-C is the normal way to stop the command: a command that follows logs, watches or serves does no other
 * work and has no state to save.
 */
const follows = ["logs", "ui"].includes(firstWord(argv) ?? "") || argv.some((word) => /^--watch(=|$)/.test(word));
const ignored = ignoredSignals(process.env[IGNORED]);
delete process.env[IGNORED];
for (const signal of ENDING) process.on(signal, ignored.has(signal) ? () => {} : interrupt);

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    process.stderr.write(
      "maand: the current directory no longer exists\n  hint: change to another directory, for example with cd ~\n",
    );
    process.exit(1);
  }
}

function interrupt(): void {
  if (ended !== undefined || interrupted.signal.aborted) process.exit(ended ?? 130);
  interrupted.abort();
  process.stderr.write(follows ? "\n" : "\nmaand: interrupted; stopping (press Ctrl-C again to force)\n");
}

// for an error of a plugin outside awaited code, the state is saved as after Ctrl-C, and nothing new starts
process.on("uncaughtException", (cause: unknown) => {
  if (cause instanceof Error && Symbol.for("maand.reported") in cause) return; // already reported, see own-calls.ts
  strays += 1;
  process.exitCode = 1;
  interrupted.abort();
  if (strays > STRAYS_SHOWN) return;
  const { message, hint } = unexpected(cause, new Date());
  process.stderr.write(`\nmaand: ${message}\n  hint: ${hint}\n`);
});
// called when the process has nothing left to wait for; a tap that maand still awaits can then never finish, so the run
// ends with an error that names the tap
const idle = new Set<() => void>();
process.on("beforeExit", () => {
  if (ended === undefined) for (const listener of idle) listener();
});
/**
 * Called before the process exits or is suspended, and after it resumes. At exit, these listeners are called first, so
 * that the terminal is restored before messages are printed.
 */
const leaving = new Set<(moment: TerminalEvent) => void>();
const leave = (moment: TerminalEvent) => {
  for (const listener of [...leaving]) listener(moment);
};
process.on("exit", () => leave("exit"));
const resume = () => leave("resume");
const suspend = () => {
  leave("suspend");
  process.kill(process.pid, "SIGSTOP");
};
process.on("exit", () => {
  if (ended !== undefined || interrupted.signal.aborted) return;
  process.stderr.write(
    "maand: exited early: the configuration or a command of a plugin is waiting on a promise that never settles\n" +
      "  hint: in the files that maand plugins lists, look for a promise that is never resolved or a callback that is never called\n",
  );
});

void main();

async function main(): Promise<void> {
  const code = await run(argv, {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd,
    signal: interrupted.signal,
    now: () => new Date(),
    pid: process.pid,
    machine: hostname(),
    onIdle(listener) {
      idle.add(listener);
      return () => void idle.delete(listener);
    },
    onTerminalEvent(listener) {
      if (leaving.size === 0) process.on("SIGTSTP", suspend).on("SIGCONT", resume);
      leaving.add(listener);
      return () => {
        leaving.delete(listener);
        if (leaving.size === 0) process.off("SIGTSTP", suspend).off("SIGCONT", resume);
      };
    },
  });
  await flushed(process.stdout);
  const lost = stdout.lost();
  if (lost) process.stderr.write(`maand: the output could not be written: ${systemText(lost)}\n`);
  ended = strays > 0 || (lost && code === 0) ? 1 : code;
  process.exitCode = ended;
  // an unreferenced timer, because a handle that a plugin left open would keep the process alive forever
  setTimeout(endAnyway, LEFT_OPEN_MS, ended).unref();
}

function endAnyway(exit: number): never {
  const open = [...new Set(process.getActiveResourcesInfo())].join(", ");
  process.stderr.write(
    `maand: something was left open, such as a timer or a connection of a plugin (${open}); maand exited anyway\n`,
  );
  process.exit(exit);
}
