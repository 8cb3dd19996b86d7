import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, withFleet } from "../../support/fleet/index.ts";
import { alternate, type Contender, type Cost, maandProcess, type Suite, type Table } from "../suite.ts";
import { runBare } from "./bare-program.ts";
import { checkChanges, MAKEFILE, PLACE, prepareChanges, textOf, VALUES } from "./changed-files.ts";
import { HOSTS, isMany } from "./hosts.ts";
import { peersOn } from "./peers.ts";

const RUNS = 2;
const BASELINE = "baseline: a program with bare ssh2, four channels in turn";

/**
 * Three changed files and a restart on each worker: with maand, with the minimum work that this needs, and with other
 * programs.
 */
export const changes: Suite = async (count = 64, runs = RUNS) => {
  const tables: Table[] = [];
  const once = isMany(count);
  await withFleet({ count, sshdConfig: HOSTS }, async (fleet) => {
    const { contenders, skipped } = await peersOn(fleet, { baseline: BASELINE, kinds: ["changes"], once });
    for (const sentence of skipped) console.log(sentence);
    const bucket = await scratch(fleet.conf);
    try {
      const own = await contendersOn(fleet, bucket);
      const turns = once ? { turns: 1 } : {};
      const rows = await alternate(once ? 1 : runs, [...own.map((one) => ({ ...one, ...turns })), ...contenders]);
      tables.push({ title: `changes: three files and a restart on ${count} workers, sshd on this machine`, rows });
    } finally {
      bucket.dispose();
    }
  });
  return tables;
};

/** The contenders: maand and its baseline. Deploys the first version of the job. */
async function contendersOn(fleet: Fleet, bucket: Scratch): Promise<Contender[]> {
  let version = 1;
  const writeJob = () =>
    bucket.job(
      "four",
      { version: `1.0.${version}`, selectors: ["worker"], max_concurrent_upgrades: fleet.workers.length },
      { Makefile: MAKEFILE, ...Object.fromEntries(VALUES.map((name) => [name, textOf(version)])) },
    );
  bucket.workers(...fleet.workersJson());
  writeJob();
  await maandProcess(bucket.root, ["deploy", "--build", "-q"]);
  const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
  await prepareChanges(fleet);
  const changing = (name: string, place: string, run: () => Promise<Cost>): Contender => ({
    name,
    async run() {
      version += 1;
      const cost = await run();
      await checkChanges(fleet, place, version);
      return cost;
    },
  });
  const ours = changing("maand deploy --build", `/opt/worker/${id}/jobs/four`, () => {
    writeJob();
    return maandProcess(bucket.root, ["deploy", "--build", "-q"]);
  });
  return [
    changing(BASELINE, PLACE, () => runBare(fleet, commandsOf(version))),
    {
      ...changing("the same in one channel", PLACE, () => runBare(fleet, [inOne(commandsOf(version))])),
      baseline: BASELINE,
    },
    { ...ours, baseline: BASELINE, goal: 1.2 },
  ];
}

function commandsOf(version: number): string[] {
  const writes = VALUES.map((name) => `sh -c 'echo "${textOf(version)}" >${PLACE}/${name}'`);
  return [...writes, `make -s -C ${PLACE} restart`];
}

function inOne(commands: readonly string[]): string {
  return `sh -ec '${commands.map((command) => command.replaceAll("'", `'\\''`)).join("; ")}'`;
}
