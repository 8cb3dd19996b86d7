import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { onFleet } from "../../support/bucket/fleet-bucket.ts";
import {
  fleetLife,
  killedIn,
  type Life,
  leftIn,
  localLife,
  processesOf,
  rolloutsIn,
  runIn,
  stepsIn,
} from "../../support/bucket/life.ts";
import { localBucket } from "../../support/bucket/local-bucket.ts";
import { logOf, writeJob } from "../../support/bucket/recording-job.ts";
import { linesOf, type Scratch } from "../../support/bucket/scratch.ts";
import { seeded } from "../../support/bucket/seeded.ts";
import { type Fleet, startFleet, until } from "../../support/fleet/index.ts";

/**
 * Kills commands once or twice at one of their steps (files, processes, rows of the store, bytes on the wire). The next
 * deploy must lead to exactly the same state as an undisturbed one. The steps are drawn evenly from a seed. For more
 * steps, set MAAND_KILLS=200. For other steps, set MAAND_KILL_SEED=7.
 */
const KILLS = Number(process.env.MAAND_KILLS ?? 3);
const SEED = Number(process.env.MAAND_KILL_SEED ?? 1);
const AT_ONCE = 3;
const JOBS = ["api", "idle", "new", "old"];

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 3 });
});

afterAll(() => fleet.close());

function write(bucket: Scratch, job: string, version: string, files: Readonly<Record<string, string>> = {}): void {
  bucket.job(
    job,
    { version, selectors: ["worker"], max_concurrent_upgrades: 1 },
    { ...files, Makefile: CAREFUL_MAKEFILE, "conf/app.conf": `version ${version}\n` },
  );
}

async function run(bucket: Scratch, ...words: readonly string[]): Promise<void> {
  expect(await bucket.maand(...words)).toMatchObject({ code: 0 });
}

/** The history of a bucket before the command that is killed. */
type History = (bucket: Scratch, hosts: readonly string[], files: Readonly<Record<string, string>>) => Promise<void>;

/** Two jobs are built, and nothing is deployed. */
const built: History = async (bucket, _, files) => {
  for (const job of ["api", "idle"]) write(bucket, job, "1.0.0", files);
  await run(bucket, "build");
};

/** Three jobs run. Since their deploy, one has changed, one is new, one was removed, and one is drained on the second worker. */
const changed: History = async (bucket, [, second], files) => {
  for (const job of ["api", "old", "idle"]) write(bucket, job, "1.0.0");
  await run(bucket, "deploy", "--build");
  write(bucket, "api", "2.0.0");
  write(bucket, "new", "1.0.0", files);
  bucket.removeJob("old");
  bucket.disable({ jobs: { idle: { allocations: [second] } } });
};

const changedAndBuilt: History = async (bucket, hosts, files) => {
  await changed(bucket, hosts, files);
  await run(bucket, "build");
};

/** Two releases of a job were deployed, the second after the first. */
const upgraded: History = async (bucket, _, files) => {
  for (const version of ["1.0.0", "2.0.0"]) {
    write(bucket, "api", version, files);
    write(bucket, "idle", "1.0.0");
    await run(bucket, "deploy", "--build");
  }
};

/** A release is built that rolls out in steps, with a timed wait between them. */
const stagedAndBuilt: History = async (bucket, hosts, files) => {
  const rollout = { steps: ["1", "1s", "100%"] };
  await built(bucket, hosts, files);
  await run(bucket, "deploy");
  bucket.job("api", { version: "2.0.0", selectors: ["worker"], rollout }, { ...files, Makefile: CAREFUL_MAKEFILE });
  await run(bucket, "build");
};

const SMALL = { small: "some small file\n" };
const BIG = { big: "some big file\n".repeat(200_000) };

interface Row {
  readonly what: string;
  readonly workers: "local" | "sshd";
  readonly history: History;
  readonly files: Readonly<Record<string, string>>;
  readonly killed: readonly string[];
  /** The commands that run to their end afterwards. */
  readonly next: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    what: "a first deploy to local workers",
    workers: "local",
    history: built,
    files: SMALL,
    killed: ["deploy"],
    next: ["deploy"],
  },
  {
    what: "a later deploy to local workers",
    workers: "local",
    history: changedAndBuilt,
    files: SMALL,
    killed: ["deploy"],
    next: ["deploy"],
  },
  {
    what: "a build",
    workers: "local",
    history: changed,
    files: SMALL,
    killed: ["build"],
    next: ["deploy", "--build"],
  },
  {
    what: "a deploy that syncs files with rsync",
    workers: "sshd",
    history: changedAndBuilt,
    files: BIG,
    killed: ["deploy"],
    next: ["deploy"],
  },
  {
    what: "a deploy that syncs files with the runner",
    workers: "sshd",
    history: changedAndBuilt,
    files: SMALL,
    killed: ["deploy"],
    next: ["deploy"],
  },
  {
    what: "a deploy in steps",
    workers: "local",
    history: stagedAndBuilt,
    files: SMALL,
    killed: ["deploy"],
    next: ["deploy"],
  },
  {
    what: "a rollback",
    workers: "local",
    history: upgraded,
    files: SMALL,
    killed: ["rollback", "api", "--to", "r1"],
    next: ["rollback", "api", "--to", "r1"],
  },
  {
    what: "a rollback over ssh",
    workers: "sshd",
    history: upgraded,
    files: SMALL,
    killed: ["rollback", "api", "--to", "r1"],
    next: ["rollback", "api", "--to", "r1"],
  },
];

/** Calls `use` with a function that copies a bucket with the history of a row. */
function withLives(row: Row, use: (live: (name: string) => Promise<Life>) => Promise<void>): Promise<void> {
  if (row.workers === "sshd")
    return onFleet(fleet, async (base) => {
      await row.history(base.bucket, base.hosts, row.files);
      await use((name) => fleetLife(base, JOBS, name));
    });
  return onLocalWorkers(row, use);
}

async function onLocalWorkers(row: Row, use: (live: (name: string) => Promise<Life>) => Promise<void>): Promise<void> {
  const base = await localBucket(2);
  try {
    await row.history(base, base.hosts, row.files);
    await use(async () => localLife(base, JOBS));
  } finally {
    base.dispose();
  }
}

/**
 * The steps at which to kill: one step in each of `KILLS` equal parts of all steps, and sometimes another step of the
 * command that resumes.
 */
function placesAmong(steps: number) {
  const random = seeded(SEED);
  return Array.from({ length: KILLS }, (_, at) => {
    const first = 1 + Math.floor(((at + random()) * steps) / KILLS);
    return { name: `k${at}`, kills: random() < 0.4 ? [first, 1 + Math.floor(random() * steps)] : [first] };
  });
}

/** The commands that ran. A command that ran again because it was in doubt appears once. */
function withoutRepeats(ran: Map<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...ran].map(([allocation, text]) => [allocation, text.replace(/((?:start|stop|restart) .*\nend .*\n)\1+/g, "$1")]),
  );
}

async function outcomeOf(life: Life) {
  return { rollouts: rolloutsIn(life), files: await life.files(), ran: withoutRepeats(await life.lifecycles()) };
}

/** Kills a run at the given steps, resumes it, and compares the results. Promoted allocations must not change again. */
async function survive(row: Row, life: Life, kills: readonly number[], wanted: object): Promise<number> {
  const where = `${row.what}, killed at ${kills.join(" and ")}`;
  let ended = 0;
  let promoted: [string, string | undefined][] = [];
  const untouched = (ran: Map<string, string>) => {
    const now = promoted.map(([allocation]) => [allocation, ran.get(allocation)]);
    expect({ where, promoted: now }).toEqual({ where, promoted });
  };
  for (const step of kills) {
    if ((await killedIn(life, row.killed, step)).signal === "SIGKILL") ended += 1;
    await until(`its processes to end, ${where}`, () => processesOf(life).length === 0);
    const ran = await life.lifecycles();
    untouched(ran);
    const states = row.killed.includes("deploy") ? Object.entries(rolloutsIn(life)) : [];
    promoted = states
      .filter(([, state]) => state === "promoted")
      .map(([allocation]) => [allocation, ran.get(allocation)]);
  }
  expect({ where, ...(await runIn(life, row.next)) }).toMatchObject({ where, code: 0 });
  untouched(await life.lifecycles());
  expect({ where, ...(await outcomeOf(life)) }).toEqual({ where, ...wanted });
  expect({ where, left: leftIn(life) }).toEqual({ where, left: [] });
  return ended;
}

describe(`the next deploy resumes a command that is killed at any step (${KILLS} steps):`, () => {
  it.each(ROWS)(
    "$what",
    (row) =>
      withLives(row, async (live) => {
        const undisturbed = await live("undisturbed");
        const steps = await stepsIn(undisturbed, row.killed);
        expect(steps).toBeGreaterThan(50);
        expect(await runIn(undisturbed, row.next)).toMatchObject({ code: 0 });
        const wanted = await outcomeOf(undisturbed);
        expect(new Set(Object.values(wanted.rollouts))).toEqual(
          new Set(
            [built, upgraded, stagedAndBuilt].includes(row.history)
              ? ["promoted"]
              : ["disabled", "promoted", "removed"],
          ),
        );
        undisturbed.dispose();
        const places = placesAmong(steps);
        let killed = 0;
        const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
          for (const { name, kills } of places.filter((_one, at) => at % AT_ONCE === lane)) {
            const life = await live(name);
            const ended = await survive(row, life, kills, wanted);
            killed += ended;
            life.dispose();
          }
        });
        await Promise.all(lanes);
        expect(killed).toBeGreaterThanOrEqual(places.length);
      }),
    KILLS * 60_000,
  );
});

const ALL_EVENTS = [
  "pre_deploy",
  "after_allocation_started",
  "health_check",
  "post_deploy",
  "after_allocation_stopped",
  "job_control",
] as const;
/** One event before the rollout of a job, and one in the middle of it; with MAAND_SLOW=1, all events. */
const EVENTS = process.env.MAAND_SLOW === "1" ? ALL_EVENTS : (["pre_deploy", "job_control"] as const);

describe.concurrent("the next deploy resumes a deploy that is killed while a job command runs", () => {
  it.each(EVENTS)("for %s", (event) =>
    onFleet(fleet, async (fixture) => {
      const { bucket, hosts, rollouts, lifecycles } = fixture;
      const wait = 'while os.path.exists(here + "/hold"):\n    time.sleep(0.02)';
      writeJob(bucket, "api", { events: [event], body: wait, max_concurrent_starts: 2 });
      if (event === "after_allocation_stopped") {
        writeJob(bucket, "old", { events: [event], body: wait });
        await run(bucket, "deploy", "--build");
        bucket.removeJob("old");
      }
      bucket.write("hold", "");
      const killed = bucket.start(["deploy", "--build"]);
      const begun = () => existsSync(logOf(bucket)) && linesOf(logOf(bucket)).length > 0;
      await until(`a command at ${event}`, begun, 30_000);
      killed.kill("SIGKILL");
      expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
      const before = await lifecycles("api");
      const kept = Object.entries(await rollouts())
        .filter(([, state]) => state === "promoted")
        .map(([allocation]) => allocation);
      const earlier = linesOf(logOf(bucket)).length;
      rmSync(join(bucket.root, "hold"));
      await run(bucket, "deploy");
      const states = await rollouts();
      expect(hosts.map((host) => states[`api@${host}`])).toEqual(hosts.map(() => "promoted"));
      const after = await lifecycles("api");
      for (const [at, host] of hosts.entries()) {
        if (kept.includes(`api@${host}`)) expect({ host, ran: after[at] }).toEqual({ host, ran: before[at] });
        expect(after[at]?.filter((line) => line.startsWith("overlap"))).toEqual([]);
      }
      const atEvent = linesOf(logOf(bucket)).filter((line) => line.startsWith(event));
      expect(atEvent).toEqual(expect.arrayContaining(hosts.map((host) => `${event} ${host}`)));
      // health checks that had not run before the kill run now
      const again = linesOf(logOf(bucket)).slice(earlier);
      if (event === "health_check")
        expect(again).toEqual(expect.arrayContaining(hosts.map((host) => `${event} ${host}`)));
      await run(bucket, "deploy");
      expect(await lifecycles("api")).toEqual(after);
    }),
  );
});
