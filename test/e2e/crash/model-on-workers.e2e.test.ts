import fc from "fast-check";
import { expect, it } from "vitest";
import {
  aChange,
  type Change,
  nothingWanted,
  textOf,
  versionOf,
  type Wanted,
  want,
  wantedRunning,
  write,
} from "../../../packages/core/src/deploy/model.test.support.ts";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { killer } from "../../support/bucket/killer.ts";
import { type Fleet, type FleetWorker, withFleet } from "../../support/fleet/index.ts";

/**
 * Runs the model of `model.invariants.test.ts` on real workers: random histories with kills and faults, after which one
 * undisturbed deploy leads to exactly the desired state. For more histories, set MAAND_MODEL_RUNS=200. For other
 * histories, set MAAND_MODEL_SEED=7.
 */
const LIVES = Number(process.env.MAAND_MODEL_RUNS ?? 6);
const SEED = Number(process.env.MAAND_MODEL_SEED ?? 20);
const LANES = 3;
const JOBS = ["db", "api"];

type Disturbance =
  | { readonly kind: "none" }
  /** A signal arrives at a step of maand. */
  | { readonly kind: "signal"; readonly signal: "SIGKILL" | "SIGINT"; readonly step: number }
  /** A target fails after its work. */
  | { readonly kind: "fails"; readonly job: string; readonly target: string }
  /** The worker at this place is switched off during the step, or is unreachable. */
  | { readonly kind: "off" | "away"; readonly worker: number };

type Step = Change | { readonly do: "deploy"; readonly disturbance: Disturbance; readonly force: boolean };

/** Indexes that identify hosts, because every lane has its own hosts. */
const PLACES = ["0", "1"];
const disturbance: fc.Arbitrary<Disturbance> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: "none" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("signal" as const),
      signal: fc.constantFrom("SIGKILL" as const, "SIGKILL" as const, "SIGINT" as const),
      step: fc.integer({ min: 20, max: 500 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("fails" as const),
      job: fc.constantFrom(...JOBS),
      target: fc.constantFrom("start", "restart", "stop"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("off" as const, "away" as const), worker: fc.nat(1) }),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: aChange({ jobs: JOBS, hosts: PLACES }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("deploy" as const), disturbance, force: fc.boolean() }),
  },
);
const life = fc
  .tuple(aJob(), fc.array(step, { minLength: 3, maxLength: 7 }))
  .map(([first, rest]) => [...first, ...rest]);

/** Writes both jobs at the beginning. Without jobs, most histories would do nothing. */
function aJob(): fc.Arbitrary<Step[]> {
  const as = fc.record({
    version: fc.nat(2),
    text: fc.nat(1),
    policy: fc.constantFrom("always" as const, "reload" as const, "never" as const),
    batch: fc.integer({ min: 1, max: 2 }),
  });
  return fc.tuple(...JOBS.map((job) => as.map((one): Step => ({ do: "job", job, as: one }))));
}

class Life {
  readonly #of: FleetBucket;
  readonly #wanted: Wanted;

  constructor(of: FleetBucket) {
    this.#of = of;
    this.#wanted = nothingWanted({ jobs: JOBS, hosts: of.hosts });
  }

  async take(one: Step): Promise<void> {
    if (one.do === "deploy") await this.#deploy(one);
    else want(this.#wanted, this.#atHome(one));
  }

  /** Deploys without a disturbance, and compares the result with the desired state. */
  async settle(): Promise<void> {
    const { bucket } = this.#of;
    this.#write();
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    const { now, problems } = await this.#look();
    expect(problems).toEqual([]);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect((await this.#look()).now).toEqual(now);
  }

  async #deploy({ disturbance: what, force }: Extract<Step, { do: "deploy" }>): Promise<void> {
    const { bucket } = this.#of;
    this.#write();
    const words = ["deploy", "--build", ...(force ? ["--force"] : [])];
    const worker = what.kind === "off" || what.kind === "away" ? this.#of.workers[what.worker] : undefined;
    if (what.kind === "off") await worker?.stop();
    if (what.kind === "away") await worker?.cutOff();
    if (what.kind === "fails") await this.#everywhere("touch", what);
    const { code, signal, stderr } = await bucket.start(words, what.kind === "signal" ? killer(what) : {}).ended;
    expect({ code: code ?? signal, stderr }).toMatchObject({ code: expect.toBeOneOf([0, 1, 130, "SIGKILL"]) });
    if (what.kind === "fails") await this.#everywhere("rm", what);
    await worker?.start();
  }

  async #everywhere(how: "touch" | "rm", { job, target }: Extract<Disturbance, { kind: "fails" }>): Promise<void> {
    const data = `${this.#of.directory(job)}/data`;
    const program = how === "touch" ? 'mkdir -p "$1" && touch "$1/$2"' : 'rm -f "$1/$2"';
    for (const worker of this.#of.workers) await worker.run(["sh", "-c", program, "sh", data, `fail-${target}`]);
  }

  #write(): void {
    const { bucket, fleet } = this.#of;
    const entries = fleet.workersJson();
    const workers = (hosts: readonly string[]) => bucket.workers(...entries.filter(({ host }) => hosts.includes(host)));
    write(
      { ...bucket, workers },
      this.#wanted,
      { jobs: JOBS, hosts: this.#of.hosts },
      {
        Makefile: CAREFUL_MAKEFILE,
        "_modules/command_ready.py": "print('ready')\n",
      },
    );
  }

  #atHome(change: Change): Change {
    return "host" in change ? { ...change, host: this.#of.hosts[Number(change.host)] ?? "" } : change;
  }

  /** The state of the workers, and its differences from the desired state. */
  async #look(): Promise<{ now: Record<string, string[]>; problems: string[] }> {
    const should = new Set(wantedRunning(this.#wanted));
    const now: Record<string, string[]> = {};
    const problems: string[] = [];
    for (const worker of this.#of.workers) {
      for (const job of JOBS) {
        const lines = await this.#of.lifecycle(job, worker);
        const allocation = `${job}@${worker.host}`;
        now[allocation] = lines;
        problems.push(
          ...(await this.#wrong(job, worker, lines, should.has(allocation))).map((text) => `${allocation}: ${text}`),
        );
      }
    }
    return { now, problems };
  }

  async #wrong(job: string, worker: FleetWorker, lines: readonly string[], should: boolean): Promise<string[]> {
    const [action, , version] = lines.findLast((line) => !line.startsWith("end "))?.split(" ") ?? [];
    const runs = action !== undefined && action !== "stop";
    const as = this.#wanted.jobs.get(job);
    const files = `${this.#of.directory(job)}/app.conf`;
    const text = worker.exists(files) ? await worker.read(files) : undefined;
    return [
      ...lines.filter((line) => line.startsWith("overlap")),
      ...(runs === should ? [] : [should ? "does not run" : `runs, after ${lines.join(", ")}`]),
      ...(should && as && text !== textOf(as) ? [`has ${text} and not ${textOf(as)}`] : []),
      ...(should && as && as.policy !== "never" && version !== versionOf(as)
        ? [`runs ${version}, not ${versionOf(as)}`]
        : []),
    ];
  }
}

async function lane(fleet: Fleet, lives: readonly (readonly Step[])[]): Promise<void> {
  for (const steps of lives) {
    await onFleet(
      fleet,
      async (fixture) => {
        const one = new Life(fixture);
        try {
          for (const next of steps) await one.take(next);
          await one.settle();
        } catch (cause) {
          throw new Error(`seed ${SEED}, life ${JSON.stringify(steps)}`, { cause });
        }
      },
      "[timeouts]\nconnect = 5\n",
    );
  }
}

it(`an undisturbed deploy brings real workers to the desired state after any history (${LIVES} random histories)`, async () => {
  const lives = fc.sample(life, { numRuns: LIVES, seed: SEED });
  await Promise.all(
    Array.from({ length: LANES }, (_, at) =>
      withFleet({ count: PLACES.length }, (fleet) =>
        lane(
          fleet,
          lives.filter((_one, nth) => nth % LANES === at),
        ),
      ),
    ),
  );
}, 3_600_000);
