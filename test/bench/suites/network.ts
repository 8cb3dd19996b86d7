import { scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, remotesFor, withFleet } from "../../support/fleet/index.ts";
import { type SlowLink, slowLink } from "../../support/fleet/slow-link.ts";
import { writeJob } from "../../support/simulated-fleet/index.ts";
import { alternate, type Contender, type Cost, maandProcess, type Suite, type Table } from "../suite.ts";
import { runBare } from "./bare-program.ts";

const RUNS = 3;
const BASELINE = "baseline: a program with bare ssh2, one channel each";

/** Commands on workers behind a slow network: their time, and the number of round trips that they wait for. */
export const network: Suite = async (roundTripMs = 50, count = 8) => {
  const tables: Table[] = [];
  await withFleet({ count }, async (fleet) => {
    const links = await Promise.all(fleet.workers.map((worker) => slowLink(worker, roundTripMs)));
    try {
      tables.push(await through(links, fleet, roundTripMs));
    } finally {
      await Promise.all(links.map((link) => link.close()));
    }
  });
  return tables;
};

async function through(links: readonly SlowLink[], fleet: Fleet, roundTripMs: number): Promise<Table> {
  const behind = links.map(({ port }, at) => ({ host: fleet.workers[at]?.host ?? "", port }));
  const toConnect = await tripsToConnect(fleet, links, behind);
  const notes = new Map<string, string>();
  const counting = (name: string, run: () => Promise<Cost>, baseline?: string): Contender => ({
    ...{ name, ...(baseline !== undefined && { baseline }) },
    async run() {
      for (const link of links) link.reset();
      const cost = await run();
      notes.set(name, noteOf(links));
      return cost;
    },
  });
  const bucket = await scratch(fleet.conf);
  let version = 0;
  const change = async () => {
    writeJob(bucket, 0, `1.0.${++version}`);
    await maandProcess(bucket.root, ["build"]);
  };
  try {
    bucket.workers(...behind.map((place) => ({ ...place, labels: ["worker"] })));
    await change();
    await maandProcess(bucket.root, ["deploy", "-q"]);
    const maand = (name: string, ...args: readonly string[]) =>
      counting(name, () => maandProcess(bucket.root, args), BASELINE);
    const changed = maand("deploy of one changed job", "deploy", "-q");
    const rows = await alternate(RUNS, [
      counting(BASELINE, () => runBare(fleet, ["true"], behind)),
      maand("maand run_command true", "run_command", "true", "-c", String(links.length), "-q"),
      { ...changed, run: () => change().then(changed.run) },
      maand("job restart of one job", "job", "restart", "job0", "--yes"),
      maand("unchanged deploy", "deploy", "-q"),
      maand("dry run", "deploy", "--dry-run"),
    ]);
    return {
      title: `network: ${links.length} workers, round trips of ${roundTripMs} ms; maand needs ${toConnect} of them to connect`,
      rows: rows.map((row) => ({ ...row, note: notes.get(row.name) ?? "" })),
    };
  } finally {
    bucket.dispose();
  }
}

type Place = { readonly host: string; readonly port: number };

/** The number of round trips that maand needs to log in. */
async function tripsToConnect(fleet: Fleet, links: readonly SlowLink[], behind: readonly Place[]): Promise<number> {
  const remotes = remotesFor(fleet);
  for (const link of links) link.reset();
  await Promise.all(behind.map((place) => remotes.connect(place)));
  const trips = longestChain(links);
  await remotes.close();
  return trips;
}

function longestChain(links: readonly SlowLink[]): number {
  return Math.max(...links.map(({ roundTrips }) => roundTrips));
}

function noteOf(links: readonly SlowLink[]): string {
  const connections = links.reduce((sum, link) => sum + link.connections, 0);
  return connections === 0 ? "no connection" : `${longestChain(links)} round trips, ${connections} connections`;
}
