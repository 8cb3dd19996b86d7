import { scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, withFleet } from "../../support/fleet/index.ts";
import { alternate, type Contender, maandProcess, type Suite, type Table } from "../suite.ts";
import { bareProgram } from "./bare-program.ts";
import { HOSTS, isMany } from "./hosts.ts";
import { PRINTED } from "./peer.ts";
import { peersOn } from "./peers.ts";

const RUNS = 2;
const BASELINE = "baseline: a program with bare ssh2, one channel each";

/** One command on all workers at the same time, in turns with bare ssh2 and with other programs. */
export const run: Suite = async (count = 64, runs = RUNS) => {
  const tables: Table[] = [];
  const once = isMany(count);
  await withFleet({ count, sshdConfig: HOSTS }, async (fleet) => {
    const kinds = once ? (["command"] as const) : (["command", "others"] as const);
    const { contenders, skipped } = await peersOn(fleet, { baseline: BASELINE, kinds, once });
    for (const sentence of skipped) console.log(sentence);
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      await maandProcess(bucket.root, ["build"]);
      const rows = await alternate(once ? 1 : runs, [
        bareProgram(fleet, BASELINE, PRINTED),
        ours(bucket.root, fleet),
        ...contenders,
      ]);
      tables.push({ title: `run: one command as root on ${count} workers, sshd on this machine`, rows });
    } finally {
      bucket.dispose();
    }
  });
  return tables;
};

function ours(root: string, { workers: { length: count } }: Fleet): Contender {
  const all = { pattern: new RegExp(`^run_command done: ${count} workers ok$`, "gm"), times: 1 };
  return {
    name: `maand run_command "${PRINTED}"`,
    baseline: BASELINE,
    goal: count >= 500 ? 1.2 : 1.15,
    run: () => maandProcess(root, ["run_command", PRINTED, "-c", String(count)], [], all),
  };
}
