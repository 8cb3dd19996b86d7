import assert from "node:assert/strict";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { secret } from "../../remote/secret.ts";
import type { TransportCheck } from "./check.ts";
import { liveBufferBytes } from "./live-memory.ts";
import { allBytes, fingerprint } from "./output-checks.ts";
import { sh, until } from "./trial.ts";

const MIB = 1024 * 1024;
const QUIET_TURNS = 10;

/** Commands whose streams the caller reads and writes, as for rsync and the runner of make. */
export const STREAM_CHECKS: readonly TransportCheck[] = [
  {
    id: "stream-both-ways",
    guarantee: "a stream transfers 8 MiB of any bytes in both directions at the same time",
    async run({ remote }) {
      const bytes = allBytes(8 * MIB + 7);
      const { io, exit } = await remote.stream(["cat"]);
      io.end(bytes);
      assert.equal(fingerprint(await buffer(io)), fingerprint(bytes));
      assert.equal(await exit, 0);
    },
  },
  {
    id: "stream-half-close",
    guarantee:
      "ending the input of a stream leaves its output open; errors are separate, and the exit code is returned",
    async run({ remote }) {
      const { io, stderr, exit } = await remote.stream(sh('cat >/dev/null; echo "input ended"; printf oh >&2; exit 5'));
      io.end("some input");
      assert.deepEqual(await Promise.all([text(io), text(stderr), exit]), ["input ended\n", "oh", 5]);
    },
  },
  {
    id: "stream-read-late",
    guarantee: "what a stream printed can be read after its command has ended",
    async run(trial) {
      const ran = trial.path("ran");
      const { io, stderr, exit } = await trial.remote.stream(sh('echo out; echo err >&2; : >"$1"', ran));
      await trial.appears(ran);
      assert.deepEqual([await text(io), await text(stderr), await exit], ["out\n", "err\n", 0]);
    },
  },
  {
    id: "back-pressure",
    guarantee: "a stream that is not read blocks its command, and keeps little output in memory",
    async run(trial) {
      const ran = trial.path("ran");
      const before = liveBufferBytes();
      const { io, exit } = await trial.remote.stream(sh('head -c 67108864 /dev/zero; : >"$1"', ran));
      await once(io, "readable");
      let [held, quiet] = [-1, 0];
      await until("the output to come to a halt", () => {
        const now = io.readableLength + process.memoryUsage().external;
        quiet = now === held ? quiet + 1 : 0;
        held = now;
        return quiet >= QUIET_TURNS;
      });
      const live = liveBufferBytes() - before;
      assert(live < 16 * MIB, `${Math.round(live / MIB)} MiB are held`);
      assert.equal(await trial.exists(ran), false, "the command ran to its end without a reader");
      let bytes = 0;
      for await (const chunk of io) bytes += chunk.length;
      assert.deepEqual([bytes, await exit], [64 * MIB, 0]);
    },
  },
  {
    id: "stream-options",
    guarantee: "a stream supports `env`, secrets and `asRoot`, and its input is unchanged",
    async run({ remote }) {
      const env = { PLAIN: "a 'b'", HIDDEN: secret("line\nbreak") };
      const { io, exit } = await remote.stream(sh('printf "%s|%s|" "$PLAIN" "$HIDDEN"; cat'), { env, asRoot: true });
      io.end("input");
      assert.deepEqual([await text(io), await exit], ["a 'b'|line\nbreak|input", 0]);
    },
  },
  {
    id: "stream-early-end",
    guarantee: "writing to a stream whose command has ended causes no error",
    async run({ remote }) {
      const { io, exit } = await remote.stream(sh("exit 6"));
      const errors: string[] = [];
      io.on("error", ({ message }) => void errors.push(message));
      io.resume();
      io.write(allBytes(4 * MIB));
      assert.equal(await exit, 6);
      io.end("more");
      assert.equal((await remote.exec(["echo", "well"])).stdout, "well\n");
    },
  },
  {
    id: "stream-killed",
    guarantee: "a stream whose command is killed by a signal has the exit code 128 plus the signal number",
    async run({ remote }) {
      const { io, exit } = await remote.stream(sh("kill -KILL $$"));
      io.resume();
      assert.equal(await exit, 137);
    },
  },
  {
    id: "stream-end",
    guarantee: "`destroy` and `signal` stop a stream: its exit code is null, and its command is killed",
    async run(trial) {
      const { remote } = trial;
      for (const way of ["destroy", "signal"]) {
        const [pid, stop] = [trial.path("pid"), new AbortController()];
        const script = 'echo $$ >"$1"; echo ready; exec cat';
        const { io, exit, destroy } = await remote.stream(sh(script, pid), { signal: stop.signal });
        io.on("error", () => {});
        await once(io, "data");
        if (way === "destroy") destroy();
        else stop.abort();
        assert.equal(await exit, null, way);
        await trial.gone(pid);
      }
    },
  },
];
