import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAAND, maand } from "../support/bucket/maand.ts";
import { measure } from "./process.ts";
import { tableOf } from "./table.ts";

const WORKERS = 20;
const RUNS = 3;

/** The speed and the memory of `maand logs show` for this size of logs. */
export async function logs(megabytes = 200): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "maand-bench-logs-"));
  try {
    await maand(["init"], { cwd: root });
    writeLogs(root, megabytes * 1_000_000);
    const lines: Readonly<Record<string, readonly string[]>> = {
      "logs show": [],
      "logs show --tail 20": ["--tail", "20"],
      "logs show --job job7 --event command_end": ["--job", "job7", "--event", "command_end"],
      "logs show --format human": ["--format", "human"],
      "logs show --json": ["--json"],
    };
    const rows = [];
    for (const [name, flags] of Object.entries(lines)) {
      const took = [];
      for (let run = 0; run < RUNS; run += 1)
        took.push(await measure([process.execPath, MAAND, "logs", "show", ...flags], root));
      const peakMb = Math.max(...took.map(({ mb }) => mb));
      rows.push({ name, ms: took.map(({ ms }) => ms), note: `${peakMb.toFixed(0)} MB of memory for ${megabytes} MB` });
    }
    console.log(tableOf(rows));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Commands of fifty lines each, spread over workers and over rotated files. */
function writeLogs(root: string, bytes: number): void {
  mkdirSync(join(root, "logs"), { recursive: true });
  const share = bytes / WORKERS;
  for (let worker = 1; worker <= WORKERS; worker += 1) {
    const host = `10.0.0.${worker}`;
    const texts: string[] = [];
    let size = 0;
    for (let id = 1; size < share; id += 1) {
      const at = (line: number) => new Date(1_790_000_000_000 + id * 60_000 + line * 100 + worker).toISOString();
      const of = `level=INFO run=3f2a0000-0000-4000-8000-000000000001 maand=deploy seq=7 worker=${host} job=job${id % 20} phase=rollout action=start`;
      const printed = Array.from(
        { length: 50 },
        (_, line) => `ts=${at(line)} ${of} stream=stdout msg="line ${line} of the output of a start" id=${id}`,
      );
      const block = `ts=${at(0)} event=command_begin ${of} cmd="start job${id % 20}" id=${id}\n${printed.join("\n")}\nts=${at(50)} event=command_end ${of} exit=0 duration_ms=5000 id=${id}\n`;
      texts.push(block);
      size += block.length;
    }
    const half = Math.floor(texts.length / 2);
    writeFileSync(join(root, `logs/${host}.log-20260101T000000000Z`), texts.slice(0, half).join(""));
    writeFileSync(join(root, `logs/${host}.log`), texts.slice(half).join(""));
  }
}
