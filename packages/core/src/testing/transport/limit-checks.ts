import assert from "node:assert/strict";
import type { ExecOptions } from "../../remote/remote.ts";
import type { TransportCheck } from "./check.ts";
import { refused, sh, type Trial } from "./trial.ts";

/** Writes its own process id and the process id of a child, and runs until both are killed. */
const FAMILY =
  'sh -c \'echo $$ >"$1"; exec sleep 600\' sh "$1" & echo $$ >"$2"; while [ ! -s "$1" ]; do sleep 0.01; done; echo ready; wait; sleep 600';

/** Starts {@link FAMILY} and calls `onReady` when it runs. Returns its result, and the files with the process ids. */
async function family(trial: Trial, options: ExecOptions, onReady = () => {}) {
  const files = [trial.path("child"), trial.path("parent")];
  const onLine = (line: string) => {
    if (line === "ready") onReady();
  };
  return { files, ended: trial.remote.exec(sh(FAMILY, ...files), { ...options, onLine }) };
}

/** How a command is stopped early. */
export const LIMIT_CHECKS: readonly TransportCheck[] = [
  {
    id: "time-limit",
    guarantee: "a command is stopped after its timeout with TIMED_OUT, together with its children on the worker",
    async run(trial) {
      const { files, ended } = await family(trial, { timeoutMs: 800, graceMs: 4_000 });
      const error = await refused(ended, "TIMED_OUT", trial.remote.host);
      assert.match(error.message, /0\.8 s/);
      assert.deepEqual(error.output, ["ready"]);
      for (const file of files) await trial.gone(file);
    },
  },
  {
    id: "deaf",
    guarantee: "a command that ignores SIGTERM is killed `graceMs` later",
    async run(trial) {
      const pid = trial.path("pid");
      const script = "trap '' TERM; echo $$ >\"$1\"; while :; do sleep 0.05; done";
      const running = trial.remote.exec(sh(script, pid), { timeoutMs: 800, graceMs: 2_000 });
      await refused(running, "TIMED_OUT", trial.remote.host);
      await trial.gone(pid);
    },
  },
  {
    id: "interrupt",
    guarantee: "`signal` stops a command and its children with INTERRUPTED, and no other command",
    async run(trial) {
      const { remote } = trial;
      const go = trial.path("go");
      const other = remote.exec(sh('while [ ! -e "$1" ]; do sleep 0.02; done; echo well', go));
      other.catch(() => {}); // its result is checked later
      for (const asRoot of [false, true]) {
        const stop = new AbortController();
        const { files, ended } = await family(trial, { signal: stop.signal, asRoot }, () => stop.abort());
        await refused(ended, "INTERRUPTED", remote.host);
        for (const file of files) await trial.gone(file);
      }
      await remote.exec(["touch", go]);
      assert.equal((await other).stdout, "well\n");
    },
  },
  {
    id: "interrupted-before",
    guarantee: "with a `signal` that is already aborted, nothing starts",
    async run(trial) {
      const { remote } = trial;
      const ran = trial.path("ran");
      const signal = AbortSignal.abort();
      await refused(remote.exec(["touch", ran], { signal }), "INTERRUPTED", remote.host);
      await refused(remote.probe(["touch", ran], { signal }), "INTERRUPTED", remote.host);
      await refused(remote.stream(["touch", ran], { signal }), "INTERRUPTED", remote.host);
      assert.equal(await trial.exists(ran), false);
    },
  },
  {
    id: "stop-word",
    guarantee: "a command with a `stopWord` reads it from its input, which stays open until then",
    async run({ remote }) {
      const stop = new AbortController();
      const lines: string[] = [];
      const onLine = (line: string) => {
        lines.push(line);
        if (line === "ready") stop.abort();
      };
      const script = 'read -r given; echo ready; read -r word; echo "$given, then $word"';
      const options = { stdin: "input\n", stopWord: "stop\n", signal: stop.signal, onLine };
      await refused(remote.exec(sh(script), options), "INTERRUPTED", remote.host);
      assert.deepEqual(lines, ["ready", "input, then stop"]);
      const late = sh('read -r word; echo "$word" >&2; exit 3');
      const error = await refused(remote.exec(late, { stopWord: "late\n", timeoutMs: 300 }), "TIMED_OUT", remote.host);
      assert.match(error.message, /0\.3 s/);
    },
  },
  {
    id: "shared-signal",
    guarantee: "many commands can share one signal without a leak warning from Node",
    async run({ remote }) {
      const warnings: string[] = [];
      const onWarning = ({ message }: Error) => void warnings.push(message);
      process.addListener("warning", onWarning);
      const { signal } = new AbortController();
      await Promise.all(Array.from({ length: 24 }, () => remote.exec(["true"], { signal })));
      await new Promise(setImmediate);
      process.removeListener("warning", onWarning);
      assert.deepEqual(warnings, []);
    },
  },
];
