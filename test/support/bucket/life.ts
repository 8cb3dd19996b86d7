import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deployments, findBucket, openStore } from "@maand/core/readonly";
import { argumentsOf } from "../fleet/processes.ts";
import { inTestStore } from "../postgres/test-store.ts";
import type { FleetBucket } from "./fleet-bucket.ts";
import { killer, stepCounter } from "./killer.ts";
import type { LocalBucket } from "./local-bucket.ts";
import { type Ended, type MaandOptions, maand } from "./maand.ts";
import { databaseOf, storeSetting, takeOwnStore } from "./own-store.ts";

const Database = createRequire(new URL("../../../packages/core/package.json", import.meta.url))("better-sqlite3");

/** A copy of a bucket and of the files on its workers, independent of other copies. */
export interface Life {
  readonly root: string;
  /** The targets that have run for each allocation so far, by `job@host`. */
  lifecycles(): Promise<Map<string, string>>;
  /** The files of all jobs on the workers with their checksums, except files that jobs created. */
  files(): Promise<string[]>;
  dispose(): void;
}

/** Lists the files of jobs in `$1`, with checksums, and the files that an interrupted transfer left behind. */
const LIST =
  'cd "$1"/* && find . -type f ! -path "./jobs/*/data/*" ! -path "./locks/*" ! -path "./receipts/*" ! -path "./program" ! -name fence ! -name worker.json -exec md5sum {} + | sort -k2; find . -type d -name ".~tmp~"';

/** Copies a bucket with sshd workers. The copy has its own directory on each worker. */
export async function fleetLife(base: FleetBucket, jobs: readonly string[], name: string): Promise<Life> {
  const root = mkdtempSync(join(tmpdir(), "maand-life-"));
  const home = `${dirname(base.home)}-${name}`;
  cpSync(base.bucket.root, root, { recursive: true });
  const conf = base.conf.replace(/worker_root = .*/, `worker_root = "${home}"`);
  writeFileSync(join(root, "maand.conf"), `${storeSetting(base.bucket.root)}${conf}`);
  takeOwnStore(root);
  moveDeliveries(root, dirname(base.home), home);
  for (const worker of base.workers)
    await worker.run(["sh", "-c", 'test ! -e "$1" || cp -a "$1" "$2"', "sh", dirname(base.home), home]);
  return {
    root,
    async lifecycles() {
      const ran = new Map<string, string>();
      for (const worker of base.workers) {
        const [id] = await worker.list(home);
        for (const job of jobs) {
          const file = `${home}/${id}/jobs/${job}/data/lifecycle`;
          ran.set(`${job}@${worker.host}`, worker.exists(file) ? await worker.read(file) : "");
        }
      }
      return ran;
    },
    files: () =>
      Promise.all(base.workers.map(async (worker) => (await worker.run(["sh", "-c", LIST, "sh", home])).stdout)),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

/**
 * Changes the directory of deliveries in the store of a copy, because its files on workers are in another directory.
 */
function moveDeliveries(root: string, from: string, to: string): void {
  const url = databaseOf(root);
  if (url !== undefined)
    inTestStore(
      url,
      `UPDATE maand.record SET row = replace(row::text, '"${from}/', '"${to}/')::json WHERE name = 'delivery'`,
    );
  const db = new Database(join(root, "data/maand.db"));
  try {
    const moved = (column: string) => `${column} = replace(${column}, @from || '/', @to || '/')`;
    db.prepare(`UPDATE delivery SET ${moved("root")}`).run({ from, to });
  } finally {
    db.close();
  }
}

/** Copies a bucket whose workers are directories inside it. */
export function localLife(base: LocalBucket, jobs: readonly string[]): Life {
  const copy = base.copy();
  return {
    root: copy.root,
    lifecycles: async () =>
      new Map(
        copy.hosts.flatMap((host) =>
          jobs.map((job): [string, string] => [
            `${job}@${host}`,
            copy
              .lifecycle(job, host)
              .map((line) => `${line}\n`)
              .join(""),
          ]),
        ),
      ),
    files: () => Promise.all(copy.hosts.map((host) => copy.type(`set -- data/local/${host}\n${LIST}`))),
    dispose: () => copy.dispose(),
  };
}

/** Runs maand in the copied bucket, and waits until it exits. */
export function runIn({ root }: Life, args: readonly string[], options: Partial<MaandOptions> = {}): Promise<Ended> {
  return maand(args, { cwd: root, ...options });
}

/** Runs maand until it is killed at one of its steps. */
export function killedIn(life: Life, args: readonly string[], step: number): Promise<Ended> {
  return runIn(life, args, killer({ step }));
}

/** The number of steps of a complete command. */
export async function stepsIn(life: Life, args: readonly string[]): Promise<number> {
  const file = join(life.root, "steps");
  const { code, stderr } = await runIn(life, args, stepCounter(file));
  if (code !== 0) throw new Error(stderr);
  return Number(readFileSync(file, "utf8"));
}

/** The rollout states by `job@host`, read from the store. */
export function rolloutsIn({ root }: Life): Record<string, string> {
  const store = openStore(findBucket(root));
  try {
    return Object.fromEntries(deployments(store).map(({ job, host, rollout }) => [`${job}@${host}`, rollout]));
  } finally {
    store.close();
  }
}

/** Processes on this machine whose arguments contain the path of the copy. */
export function processesOf({ root }: Life): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => argumentsOf(pid).includes(root));
}

/** The files that remain in `tmp` of the copied bucket. */
export function leftIn({ root }: Life): string[] {
  return readdirSync(join(root, "tmp"));
}
