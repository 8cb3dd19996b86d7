import { scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, withFleet } from "../../support/fleet/index.ts";
import { alternate, type Contender, maandProcess, type Suite, type Table } from "../suite.ts";
import { bareProgram } from "./bare-program.ts";
import { fourChanges } from "./four-changes.ts";
import { PRINTED } from "./peer.ts";
import { peersOn } from "./peers.ts";

const RUNS = 2;
/** From so many workers on, programs are measured once, and the slow ones are left out. */
const MANY = 200;
const FLOOR = "floor: a program with bare ssh2, one channel each";

/** One command, and four changes, on all workers at once, in turn with bare ssh2 and with other programs on the same workers. */
export const run: Suite = async (count = 64, runs = count >= MANY ? 1 : RUNS) => {
  const tables: Table[] = [];
  await withFleet({ count, sshdConfig: ["MaxStartups 1000", "MaxSessions 100"] }, async (fleet) => {
    const { contenders, changes, skipped } = await peersOn(fleet, {
      floor: FLOOR,
      most: count >= MANY ? "few" : "all",
    });
    for (const sentence of skipped) console.log(sentence);
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      await maandProcess(bucket.root, ["build"]);
      const rows = await alternate(runs, [bareProgram(fleet, FLOOR, PRINTED), ours(bucket.root, fleet), ...contenders]);
      tables.push({ title: `run: one command as root on ${count} workers, sshd on this machine`, rows });
    } finally {
      bucket.dispose();
    }
    tables.push(await fourChanges(fleet, runs, changes));
  });
  return tables;
};

function ours(root: string, { workers: { length: count } }: Fleet): Contender {
  return {
    name: `maand run_command "${PRINTED}"`,
    floor: FLOOR,
    goal: count >= 500 ? 1.2 : 1.15,
    run: () =>
      maandProcess(root, ["run_command", PRINTED, "-c", String(count)], [], { pattern: /^ok \S+ \d/gm, times: count }),
  };
}
