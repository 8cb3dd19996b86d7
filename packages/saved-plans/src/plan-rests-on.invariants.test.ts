import { isMaandError } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { apply, fill, planned, put } from "./plans.test.support.ts";

/**
 * A plan of job api stays valid after any changes that it does not depend on. It is refused after any single change
 * that it depends on, with a message that names the change. No worker is changed then.
 */
const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
const API = { selectors: ["api"], version: "1.0.0" };
const WEB = { selectors: ["web"], version: "1.0.0" };
const FILES = { "app.fill": "color @color\npassword @password\n", "plain.conf": "a\n" };
const on = (host: string, ...labels: readonly string[]) => ({ host, labels });

interface Change {
  readonly what: string;
  /** A part of the message; undefined for a change that a plan of api does not depend on. */
  readonly named?: string;
  apply(bucket: TestBucket): Promise<unknown>;
}

const fleet = (bucket: TestBucket, third: Readonly<Record<string, unknown>> = on(C, "web")) =>
  bucket.workers(on(A, "api"), on(B, "api", "web"), third);

/** Edits the workspace, and builds it. */
const built = (edit: (bucket: TestBucket) => void) => async (bucket: TestBucket) => {
  edit(bucket);
  await bucket.build();
};

const RELATED: readonly Change[] = [
  {
    what: "a variable",
    named: "KV vars/job/api color: changed",
    apply: (b) => put(b, "vars/job/api", "color", "blue"),
  },
  {
    what: "a secret",
    named: "KV secrets/job/api password: changed",
    apply: (b) => put(b, "secrets/job/api", "password", "another one"),
  },
  {
    what: "a file",
    named: "job api: its files changed",
    apply: built((b) => b.job("api", { ...API, version: "2.0.0" }, { ...FILES, "plain.conf": "b\n" })),
  },
  {
    what: "a batch size",
    named: "job api: its files changed (now r3); its manifest",
    apply: built((b) => b.job("api", { ...API, version: "2.0.0", max_concurrent_upgrades: 2 }, FILES)),
  },
  { what: "a deploy", named: "job api: its recorded state", apply: (b) => b.deploy({ jobs: ["api"] }) },
  {
    what: "a stop by drain",
    named: `job api on ${A}: will be stopped`,
    apply: built((b) => b.disable({ workers: [A] })),
  },
  {
    what: "an added worker",
    named: "job api: is now also on 10.0.0.4",
    apply: built((b) => b.workers(on(A, "api"), on(B, "api", "web"), on(C, "web"), on("10.0.0.4", "api"))),
  },
  {
    what: "a removed worker",
    named: `job api on ${A}: will be stopped`,
    apply: built((b) => b.workers(on(B, "api", "web"), on(C, "web"))),
  },
  {
    what: "a port of its worker",
    named: `worker ${A}: its entry in workers.json changed`,
    apply: built((b) => b.workers({ ...on(A, "api"), port: 2222 }, on(B, "api", "web"), on(C, "web"))),
  },
  {
    what: "another job to stop",
    named: `job web on ${C}: will be stopped`,
    apply: built((b) => fleet(b, on(C))),
  },
];

const UNRELATED: readonly Change[] = [
  { what: "a variable of api that it does not use", apply: (b) => put(b, "vars/job/api", "shape", "round") },
  { what: "a variable of web", apply: (b) => put(b, "vars/job/web", "color", "blue") },
  { what: "a secret of web", apply: (b) => put(b, "secrets/job/web", "password", "another one") },
  { what: "a new version of web", apply: built((b) => b.job("web", { ...WEB, version: "2.0.0" })) },
  { what: "a deploy of web", apply: (b) => b.deploy({ jobs: ["web"] }) },
  { what: "a new job", apply: built((b) => b.job("new", WEB)) },
  { what: "a tag of a worker of web", apply: built((b) => fleet(b, { ...on(C, "web"), tags: { rack: "7" } })) },
  { what: "a build of the same workspace", apply: (b) => b.build() },
  { what: "another plan", apply: (b) => planned(b) },
];

async function withPlan(work: (bucket: TestBucket) => Promise<void>): Promise<void> {
  const bucket = aBucket({ plugins: [fill] });
  try {
    fleet(bucket);
    bucket.job("api", API, FILES);
    bucket.job("web", WEB);
    await put(bucket, "vars/job/api", "color", "red");
    await put(bucket, "secrets/job/api", "password", "hunter two");
    await bucket.ship();
    bucket.job("api", { ...API, version: "2.0.0" }, FILES);
    await bucket.build();
    await work(bucket);
  } finally {
    bucket.dispose();
  }
}

const unrelated = fc.shuffledSubarray([...UNRELATED], { maxLength: 4 });
const RUNS = Number(process.env.MAAND_MODEL_RUNS ?? 4);
const SEED = Number(process.env.MAAND_MODEL_SEED ?? 7);

it("a plan stays valid after every change that it does not depend on", async () => {
  const survives = async (changes: readonly Change[]) =>
    withPlan(async (bucket) => {
      const plan = await planned(bucket, { jobs: ["api"] });
      for (const change of changes) await change.apply(bucket);
      const summary = await apply(bucket, plan);
      expect(summary).toMatchObject({ outcome: "ok", failures: [] });
      expect(bucket.fleet.running()).toMatchObject({ [`api@${A}`]: "2.0.0", [`api@${B}`]: "2.0.0" });
    });
  await survives(UNRELATED);
  await fc.assert(fc.asyncProperty(unrelated, survives), { numRuns: RUNS, seed: SEED, endOnFailure: true });
});

it("a plan is refused after a single change that it depends on, even among changes that it does not depend on", async () => {
  const others = fc.sample(unrelated, { numRuns: RELATED.length, seed: SEED });
  for (const [at, related] of RELATED.entries()) {
    await withPlan(async (bucket) => {
      const plan = await planned(bucket, { jobs: ["api"] });
      // a build of the earlier workspace would undo a change of the fleet
      const before = (others[at] ?? []).filter(({ what }) => !what.startsWith("a tag"));
      for (const change of [...before, related]) await change.apply(bucket);
      const connected = bucket.fleet.connected.length;
      const thrown: unknown = await apply(bucket, plan).catch((cause: unknown) => cause);
      const problems = isMaandError(thrown) ? thrown.problems.map(({ where, message }) => `${where}: ${message}`) : [];
      expect([related.what, problems]).toEqual([
        related.what,
        expect.arrayContaining([expect.stringContaining(related.named ?? "")]),
      ]);
      expect(thrown).toMatchObject({ code: "PLAN_STALE" });
      expect(bucket.fleet.connected.length).toBe(connected);
    });
  }
});
