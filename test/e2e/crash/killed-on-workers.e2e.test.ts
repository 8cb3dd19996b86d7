import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Store } from "@maand/core";
import { deployments } from "@maand/core/readonly";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { killer, stepCounter } from "../../support/bucket/killer.ts";
import { type Ended, type MaandOptions, maand } from "../../support/bucket/maand.ts";
import { seeded } from "../../support/bucket/seeded.ts";
import { type Fleet, type FleetWorker, startFleet, until } from "../../support/fleet/index.ts";
import { argumentsOf } from "../../support/fleet/processes.ts";

/**
 * Deploys that are killed at a step of theirs, on real workers: the next one goes on, and ends where an undisturbed one
 * ends. More places: MAAND_KILLS=200. Other places: MAAND_KILL_SEED=7.
 */
const KILLS = Number(process.env.MAAND_KILLS ?? 8);
const SEED = Number(process.env.MAAND_KILL_SEED ?? 1);
const AT_ONCE = 3;

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});

afterAll(() => fleet.close());

/** A bucket that was deployed once and changed since: an upgrade, a new job, a removed one, and one to be drained. */
async function prepared({ bucket, hosts }: FleetBucket, more: Readonly<Record<string, string>>): Promise<void> {
  const write = (job: string, version: string, files: Readonly<Record<string, string>> = {}) =>
    bucket.job(
      job,
      { version, selectors: ["worker"], max_concurrent_upgrades: 1 },
      { ...files, Makefile: CAREFUL_MAKEFILE, "conf/app.conf": `version ${version}\n` },
    );
  for (const job of ["api", "old", "idle"]) write(job, "1.0.0");
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  write("api", "2.0.0");
  write("new", "1.0.0", more);
  bucket.removeJob("old");
  bucket.disable({ jobs: { idle: { allocations: [hosts[1]] } } });
  expect(await bucket.maand("build")).toMatchObject({ code: 0 });
}

/** One life of the prepared bucket, with directories of its own here and on the workers. */
class Life {
  readonly root = mkdtempSync(join(tmpdir(), "maand-killed-"));
  readonly #home: string;
  readonly #of: FleetBucket;

  private constructor(of: FleetBucket, name: string) {
    this.#of = of;
    this.#home = `${dirname(of.home)}-${name}`;
    cpSync(of.bucket.root, this.root, { recursive: true });
    const conf = of.conf.replace(/worker_root = .*/, `worker_root = "${this.#home}"`);
    writeFileSync(join(this.root, "maand.conf"), conf);
  }

  static async of(base: FleetBucket, name: string): Promise<Life> {
    const life = new Life(base, name);
    for (const worker of base.workers) await worker.run(["cp", "-a", dirname(base.home), life.#home]);
    return life;
  }

  run(args: readonly string[], options: Partial<MaandOptions> = {}): Promise<Ended> {
    return maand(args, { cwd: this.root, ...options });
  }

  killedAt(step: number): Promise<Ended> {
    return this.run(["deploy"], killer({ step }));
  }

  /** How many steps a whole deploy takes. */
  async steps(): Promise<number> {
    const file = join(this.root, "steps");
    expect(await this.run(["deploy"], stepCounter(file))).toMatchObject({ code: 0 });
    return Number(readFileSync(file, "utf8"));
  }

  /** Rollout states, from the store itself. */
  rollouts(): Record<string, string> {
    const store = Store.open(join(this.root, "data/maand.db"));
    const rows = deployments(store);
    store.close();
    return Object.fromEntries(rows.map(({ job, host, rollout }) => [`${job}@${host}`, rollout]));
  }

  /** What every allocation was told so far, by `job@host`. */
  async told(): Promise<Map<string, string>> {
    const told = new Map<string, string>();
    for (const worker of this.#of.workers) {
      for (const job of ["api", "idle", "new", "old"])
        told.set(`${job}@${worker.host}`, await this.#lifecycle(job, worker));
    }
    return told;
  }

  /** Everything maand put on the workers: paths and checksums, without what counts runs. */
  async brought(): Promise<string[]> {
    const script =
      'cd "$1"/* && find . -type f ! -path "./jobs/*/data/*" ! -path "./locks/*" ! -name worker.json -exec md5sum {} + | sort -k2; find . -type d -name ".~tmp~"';
    const listed = await Promise.all(
      this.#of.workers.map((worker) => worker.run(["sh", "-c", script, "sh", this.#home])),
    );
    return listed.map(({ stdout }) => stdout);
  }

  /** Processes of this life, here. */
  left(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => argumentsOf(pid).includes(this.root));
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  async #lifecycle(job: string, worker: FleetWorker): Promise<string> {
    const [id] = await worker.list(this.#home);
    const file = `${this.#home}/${id}/jobs/${job}/data/lifecycle`;
    return worker.exists(file) ? worker.read(file) : "";
  }
}

/** The commands of an allocation, those that were repeated because of doubt once. */
function withoutRepeats(told: Map<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...told].map(([allocation, text]) => [
      allocation,
      text.replace(/((?:start|stop|restart) .*\nend .*\n)\1+/g, "$1"),
    ]),
  );
}

it.each([
  ["rsync", { big: "some big file\n".repeat(200_000) }],
  ["the runner", { small: "some small file\n" }],
])(
  `a deploy that brings files by %s, killed at any of its steps, also twice, and the next one goes on (${KILLS} places)`,
  (_, more) =>
    onFleet(fleet, async (base) => {
      await prepared(base, more);
      const undisturbed = await Life.of(base, "undisturbed");
      const steps = await undisturbed.steps();
      expect(steps).toBeGreaterThan(100);
      const wanted = {
        rollouts: undisturbed.rollouts(),
        brought: await undisturbed.brought(),
        told: Object.fromEntries(await undisturbed.told()),
      };
      expect(Object.values(wanted.rollouts).sort()).toEqual([
        "disabled",
        "promoted",
        "promoted",
        "promoted",
        "promoted",
        "promoted",
        "removed",
        "removed",
      ]);
      undisturbed.dispose();

      const random = seeded(SEED);
      const places = Array.from({ length: KILLS }, (_, at) => ({
        name: `k${at}`,
        first: 1 + Math.floor(((at + random()) * steps) / KILLS),
        second: random() < 0.4 ? 1 + Math.floor(random() * steps) : undefined,
      }));
      let killed = 0;
      const survive = async ({ name, first, second }: (typeof places)[number]) => {
        const life = await Life.of(base, name);
        const after = `killed at step ${first}${second === undefined ? "" : `, again at ${second}`} of ${steps}`;
        let promoted: [string, string | undefined][] = [];
        for (const step of second === undefined ? [first] : [first, second]) {
          if ((await life.killedAt(step)).signal === "SIGKILL") killed += 1;
          await until(`its processes to end, ${after}`, () => life.left().length === 0);
          const told = await life.told();
          for (const [allocation, text] of promoted)
            expect({ after, allocation, text: told.get(allocation) }).toEqual({ after, allocation, text });
          promoted = Object.entries(life.rollouts())
            .filter(([, state]) => state === "promoted")
            .map(([allocation]) => [allocation, told.get(allocation)]);
        }
        expect({ after, ...(await life.run(["deploy"])) }).toMatchObject({ code: 0 });
        const told = await life.told();
        for (const [allocation, text] of promoted)
          expect({ after, allocation, text: told.get(allocation) }).toEqual({ after, allocation, text });
        expect({ after, rollouts: life.rollouts(), brought: await life.brought(), told: withoutRepeats(told) }).toEqual(
          { after, ...wanted },
        );
        expect(readdirSync(join(life.root, "tmp"))).toEqual([]);
        life.dispose();
      };
      await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, lane) => {
          for (const place of places.filter((_one, at) => at % AT_ONCE === lane)) await survive(place);
        }),
      );
      expect(killed).toBeGreaterThanOrEqual(places.length);
    }),
  600_000,
);
