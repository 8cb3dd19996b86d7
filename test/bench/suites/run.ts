import { scratch } from "../../support/bucket/scratch.ts";
import { withFleet } from "../../support/fleet/index.ts";
import { alternate, type Contender, maandProcess, type Suite } from "../suite.ts";
import { bareProgram } from "./bare-program.ts";
import { peersOn } from "./peers.ts";

const RUNS = 2;
const FLOOR = "floor: a program with bare ssh2, one channel each";

/** `run_command true` on all workers at once, in turn with bare ssh2 and with other programs on the same workers. */
export const run: Suite = async (count = 64, runs = RUNS) => {
  const tables: Awaited<ReturnType<Suite>>[number][] = [];
  await withFleet({ count, sshdConfig: ["MaxStartups 1000", "MaxSessions 100"] }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      await maandProcess(bucket.root, ["build"]);
      const { contenders, skipped } = peersOn(fleet, FLOOR);
      for (const sentence of skipped) console.log(sentence);
      const rows = await alternate(runs, [bareProgram(fleet, FLOOR, "true"), ours(bucket.root, count), ...contenders]);
      tables.push({ title: `run: one command on ${count} workers, sshd on this machine`, rows });
    } finally {
      bucket.dispose();
    }
  });
  return tables;
};

function ours(root: string, count: number): Contender {
  return {
    name: "maand run_command true",
    floor: FLOOR,
    goal: count >= 500 ? 1.2 : 1.15,
    run: () => maandProcess(root, ["run_command", "true", "-c", String(count), "-q"]),
  };
}
