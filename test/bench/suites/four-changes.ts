import { scratch } from "../../support/bucket/scratch.ts";
import type { Fleet } from "../../support/fleet/index.ts";
import { alternate, type Contender, type Cost, maandProcess, type Table } from "../suite.ts";
import { runBare } from "./bare-program.ts";
import { checkChanges, MAKEFILE, PLACE, textOf, VALUES } from "./changed-files.ts";

const FLOOR = "floor: a program with bare ssh2, four channels in turn";

/** Three changed files and a restart on each worker: with maand, with the least that it can take, and with other programs. */
export async function fourChanges(fleet: Fleet, runs: number, others: readonly Contender[]): Promise<Table> {
  const bucket = await scratch(fleet.conf);
  let version = 1;
  const writeJob = () =>
    bucket.job(
      "four",
      { version: `1.0.${version}`, selectors: ["worker"], max_concurrent_upgrades: fleet.workers.length },
      { Makefile: MAKEFILE, ...Object.fromEntries(VALUES.map((name) => [name, textOf(version)])) },
    );
  try {
    bucket.workers(...fleet.workersJson());
    writeJob();
    await maandProcess(bucket.root, ["deploy", "--build", "-q"]);
    const id = (await fleet.workers[0]?.list("/opt/worker"))?.find((name) => /^[0-9a-f-]{36}$/.test(name));
    await Promise.all(
      fleet.workers.map(async (worker) => {
        await worker.write(`${PLACE}/Makefile`, MAKEFILE);
        await worker.write("/opt/worker/restarts", "");
      }),
    );
    const changing = (name: string, place: string, run: () => Promise<Cost>): Contender => ({
      name,
      async run() {
        version += 1;
        const cost = await run();
        await checkChanges(fleet, place, version);
        return cost;
      },
    });
    const ours = changing("maand deploy --build of three changed files", `/opt/worker/${id}/jobs/four`, () => {
      writeJob();
      return maandProcess(bucket.root, ["deploy", "--build", "-q"]);
    });
    const rows = await alternate(runs, [
      changing(FLOOR, PLACE, () => runBare(fleet, commandsOf(version))),
      changing("the same in one channel", PLACE, () => runBare(fleet, [inOne(commandsOf(version))])),
      { ...ours, floor: FLOOR, goal: 1.2 },
      ...others.map((other) => ({ ...other, floor: FLOOR })),
    ]);
    return { title: `run: four changes on ${fleet.workers.length} workers: three files and a restart`, rows };
  } finally {
    bucket.dispose();
  }
}

function commandsOf(version: number): string[] {
  const writes = VALUES.map((name) => `sh -c 'echo "${textOf(version)}" >${PLACE}/${name}'`);
  return [...writes, `make -s -C ${PLACE} restart`];
}

function inOne(commands: readonly string[]): string {
  return `sh -ec '${commands.map((command) => command.replaceAll("'", `'\\''`)).join("; ")}'`;
}
