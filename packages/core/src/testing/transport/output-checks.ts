import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { OUTPUT_LIMIT } from "../../remote/output.ts";
import type { TransportCheck } from "./check.ts";
import { liveBufferBytes } from "./live-memory.ts";
import { slowReaders } from "./slow-readers.ts";
import { sh, until } from "./trial.ts";

const MIB = 1024 * 1024;
/** The amount of a large output that a transport may hold in memory, in addition to the part that is kept. */
const HELD_BYTES = 8 * MIB;
const LARGE_BYTES = 48 * MIB;
/** The number of lines to print: 14.9 MB, more than any transport can keep in its buffers. */
const MANY_LINES = 2_000_000;
/** The number of checks without progress after which the output counts as stopped. */
const QUIET_TURNS = 10;

/** Bytes of all values, in a sequence with a long period. */
export function allBytes(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 255));
}

/** The hash that `sha256sum` prints. */
export function fingerprint(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The input and output of an awaited command. */
export const OUTPUT_CHECKS: readonly TransportCheck[] = [
  {
    id: "no-input",
    guarantee: "a command without `stdin` has an empty input",
    async run({ remote }) {
      assert.equal((await remote.exec(sh("cat; echo end"))).stdout, "end\n");
    },
  },
  {
    id: "binary-input",
    guarantee: "4 MiB of `stdin` arrive unchanged",
    async run({ remote }) {
      const stdin = allBytes(4 * MIB + 1);
      const { stdout } = await remote.exec(["sha256sum"], { stdin });
      assert.equal(stdout.slice(0, 64), fingerprint(stdin));
    },
  },
  {
    id: "unread-input",
    guarantee: "a command need not read its input",
    async run({ remote }) {
      const { stdout } = await remote.exec(["echo", "well"], { stdin: allBytes(4 * MIB) });
      assert.equal(stdout, "well\n");
    },
  },
  {
    id: "outputs-apart",
    guarantee: "output and errors are separate, and the last line needs no newline",
    async run({ remote }) {
      const lines: string[] = [];
      const script = "printf 'one\\ntwo'; printf 'bad\\nworse' >&2";
      const result = await remote.exec(sh(script), { onLine: (line, from) => void lines.push(`${from} ${line}`) });
      assert.deepEqual([result.stdout, result.stderr], ["one\ntwo", "bad\nworse"]);
      assert.deepEqual(
        lines.filter((line) => line.startsWith("stdout")),
        ["stdout one", "stdout two"],
      );
      assert.deepEqual(
        lines.filter((line) => line.startsWith("stderr")),
        ["stderr bad", "stderr worse"],
      );
    },
  },
  {
    id: "lines",
    guarantee: "`onLine` receives lines as they arrive: without newlines, in one piece, truncated to 8,192 characters",
    async run(trial) {
      const { remote } = trial;
      const [seen, lines] = [trial.path("seen"), [] as string[]];
      const goOn = async (line: string) => {
        lines.push(line);
        if (line === "one") await remote.exec(["touch", seen]);
      };
      const wait = 'while [ ! -e "$1" ]; do sleep 0.02; done';
      const rest = `printf 'crlf\\r\\n\\n\\303'; ${wait}; printf '\\251\\n'; head -c 10000 /dev/zero | tr '\\0' x`;
      await remote.exec(sh(`printf 'one\\n'; ${rest}`, seen), { onLine: (line) => void goOn(line) });
      assert.deepEqual(lines, ["one", "crlf", "", "é", `${"x".repeat(8192)} [line cut]`]);
    },
  },
  {
    id: "large-output",
    guarantee: "of 48 MiB of output, only the last 1 MiB is kept in memory",
    async run({ remote }) {
      const before = liveBufferBytes();
      let [seen, most] = [0, 0];
      const onLine = () => {
        seen += 1;
        if (seen % 16_000 === 0) most = Math.max(most, liveBufferBytes() - before);
      };
      const script = `yes "$1" | head -c ${LARGE_BYTES}; printf end`;
      const { stdout } = await remote.exec(sh(script, "x".repeat(1_023)), { onLine });
      assert.equal(stdout.length, OUTPUT_LIMIT);
      assert.equal(stdout.slice(-4), "\nend");
      assert.equal(seen, LARGE_BYTES / 1_024 + 1);
      assert(most < OUTPUT_LIMIT * 2 + HELD_BYTES, `${Math.round(most / MIB)} MiB were held`);
    },
  },
  {
    id: "slow-readers",
    guarantee:
      "a command with `onLine` waits while `backPressure` reports that readers are behind; then every line arrives, in order",
    async run(trial) {
      const readers = slowReaders();
      const remote = await trial.connect({ backPressure: readers.backPressure });
      const ran = trial.path("ran");
      let [lines, bytes, inOrder] = [0, 0, true];
      const onLine = (line: string) => {
        lines += 1;
        bytes += line.length + 1;
        inOrder &&= line === String(lines);
      };
      const running = remote.exec(sh('seq 1 "$2"; : >"$1"', ran, String(MANY_LINES)), { onLine });
      running.catch(() => {}); // awaited later in this check
      await readers.behind;
      let [before, quiet] = [-1, 0];
      await until("the lines to come to a halt", () => {
        quiet = lines === before ? quiet + 1 : 0;
        before = lines;
        return quiet >= QUIET_TURNS;
      });
      assert(bytes <= MIB, `${bytes} bytes arrived while nothing read them`);
      assert.equal(await trial.exists(ran), false, "the command ran to its end without a reader");
      readers.catchUp();
      await running;
      assert.deepEqual([lines, inOrder], [MANY_LINES, true]);
    },
  },
];
