import { MaandError } from "../../../packages/core/src/errors.ts";
import type { StageContext } from "../../../packages/core/src/plugin-api/contexts.ts";
import { definePlugin, type Plugin } from "../../../packages/core/src/plugin-api/plugin.ts";
import { probeFenced } from "../../../packages/core/src/remote/fence/fenced-command.ts";
import type { Argv } from "../../../packages/core/src/remote/remote.ts";
import type { SimulatedProcess } from "../world/process.ts";
import type { World } from "../world/world.ts";
import { Connection, type NetworkFaults } from "./connection.ts";
import { type SyncContent, simulatedRemote } from "./remote.ts";
import type { Worker } from "./worker.ts";

/** The file that contains the version of each job. */
export const VERSION_FILE = "app.conf";

/** The parts of the simulation to which a process is connected. */
export interface SimulatedFleet {
  readonly world: World;
  readonly workers: ReadonlyMap<string, Worker>;
  readonly faults: NetworkFaults;
}

/** The plugin that connects a process to simulated workers, copies files to them and checks the health of jobs. */
export function simulatedTransport(fleet: SimulatedFleet, process: SimulatedProcess): Plugin {
  const { world, workers, faults } = fleet;
  const syncs = new Map<string, SyncContent>();
  return definePlugin({
    name: "simulated",
    apply(hooks) {
      hooks.connect.tapPromise("simulated", async ({ worker: { host }, root }) => {
        const worker = workers.get(host);
        if (!worker || !faults.reaches(process, host)) {
          await world.sleep(world.random.between(1, 10_000), process);
          throw new MaandError({ code: "UNREACHABLE", message: `${host} does not answer`, worker: host });
        }
        await world.sleep(world.random.between(1, 100), process);
        const connection = new Connection(world, process, host, faults);
        return simulatedRemote({ world, worker, connection, root, syncs });
      });
      hooks.stage.tapPromise({ name: "simulated", before: "make" }, async (context) => {
        const name = `${process.name}.${syncs.size}`;
        syncs.set(name, contentOf(context));
        const { remote, signal, timeoutMs } = context;
        const probe = (argv: Argv) => remote.probe(argv, { signal, timeoutMs });
        const { code, stderr } = await probeFenced(remote, ["sim-sync", name], probe, { makesRoot: true });
        if (code === 0) return "done";
        throw new MaandError({ code: "STAGE_FAILED", message: `exit code ${code}: ${stderr}`, worker: remote.host });
      });
      hooks.verify.tapPromise("simulated", async ({ job, active, remote, report, wait }) => {
        const check = async (host: string) => {
          try {
            return (await (await remote(host)).probe(["sim-health", job.name])).code === 0;
          } catch {
            return false; // an unreachable worker is not healthy
          }
        };
        const checkPatiently = async (host: string) => {
          let isUp = await check(host);
          for (let attempt = 0; wait && !isUp && attempt < 2; attempt += 1) {
            await world.sleep(1000, process);
            isUp = await check(host);
          }
          report({ host, type: "simulated", target: job.name, ok: isUp, message: isUp ? "up" : "down" });
          return isUp ? [] : [host];
        };
        const [down] = (await Promise.all(active.map(({ host }) => checkPatiently(host)))).flat();
        if (down !== undefined)
          throw new MaandError({ code: "UNHEALTHY", message: `${job.name} is down on ${down}`, worker: down });
      });
    },
  });
}

function contentOf({ trees, metadata, read }: StageContext): SyncContent {
  const versions = trees.map(({ job, files }): [string, string] => {
    const file = files.find(({ path }) => path === VERSION_FILE);
    return [job, file ? Buffer.from(read(file)).toString().trim() : ""];
  });
  return { jobs: new Map(versions), workerJson: metadata.get("worker.json") ?? "" };
}
