import { writeFileSync } from "node:fs";
import { scratch } from "../../support/bucket/scratch.ts";
import { withFleet } from "../../support/fleet/index.ts";
import { alternate, maandProcess, type Suite } from "../suite.ts";
import { bareProgram } from "./bare-program.ts";
import { largeFile } from "./large-file.ts";

const RUNS = 5;
const BASELINE = "baseline: a program with bare ssh2 that runs cat on it";
/** The characters of a line, including the newline. */
const LINE = 80;

/**
 * The output of one command in lines of 80 bytes, through a target, through `run_command` and through bare ssh2. Also a
 * large file.
 */
export const output: Suite = async (megabytes = 15, runs = RUNS, fileMegabytes = 1_000) => {
  const tables: Awaited<ReturnType<Suite>>[number][] = [];
  await withFleet({ count: 1 }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      const file = `${bucket.root}/printed.txt`;
      const lines = Math.ceil((megabytes * 1_000_000) / LINE);
      writeFileSync(file, printed(lines), { mode: 0o644 });
      bucket.workers(...fleet.workersJson());
      bucket.job(
        "api",
        { version: "1.0.0", selectors: ["worker"] },
        { Makefile: `start stop restart:\n\t@:\nprint:\n\t@cat ${file}\n` },
      );
      await maandProcess(bucket.root, ["deploy", "--build", "-q"]);
      const goal = { baseline: BASELINE, goal: 2, by: "cpuMs" as const };
      const rows = await alternate(runs, [
        bareProgram(fleet, BASELINE, `cat ${file}`),
        {
          ...goal,
          name: "maand job run --target print",
          run: () => maandProcess(bucket.root, ["job", "run", "api", "--target", "print", "--yes"]),
        },
        {
          ...goal,
          name: "maand run_command cat",
          run: () => maandProcess(bucket.root, ["run_command", `cat ${file}`]),
        },
      ]);
      tables.push({ title: `output: ${megabytes} MB in ${lines} lines of one worker, sshd on this machine`, rows });
    } finally {
      bucket.dispose();
    }
  });
  return [...tables, await largeFile(fileMegabytes)];
};

function printed(lines: number): string {
  return Array.from(
    { length: lines },
    (_, line) => `${`line ${line}: `.padEnd(LINE - 1, "a few words of a log ")}\n`,
  ).join("");
}
