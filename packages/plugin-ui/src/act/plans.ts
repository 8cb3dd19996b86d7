import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Store } from "@maand/core/readonly";
import type { SavedPlan } from "@maand/saved-plans";
import type { DiffAnswer, PlanAnswer, PlanRow } from "../contract.ts";
import { unknown } from "../server/query.ts";
import { printedBy, type Starter } from "./maand-process.ts";
import { failureOf } from "./printed-error.ts";

/** The number of newest plans that are kept. */
const KEPT = 20;
const PLAN_MS = 10 * 60_000;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * The plans that were made in the web UI: files of `maand plan --out` in a private directory, named by their digest.
 */
export class Plans {
  readonly #directory: string;
  readonly #starter: Starter;

  constructor(directory: string, starter: Starter) {
    this.#directory = directory;
    this.#starter = starter;
  }

  /** The complete plan. Throws 404 for an unknown plan. */
  read(digest: string): SavedPlan {
    return readPlan(this.pathOf(digest));
  }

  /** The file of a plan. Throws 404 for an unknown plan. */
  pathOf(digest: string): string {
    const path = join(this.#directory, `${digest}.json`);
    if (DIGEST.test(digest) && existsSync(path)) return path;
    throw unknown("plan", digest);
  }

  /** Makes a plan of some jobs, or of all, and keeps it. The same state results in the same plan. */
  async make(store: (work: (store: Store) => PlanRow) => Promise<PlanRow>, jobs: readonly string[]): Promise<PlanRow> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const file = join(this.#directory, `${randomUUID()}.new`);
    try {
      const only = jobs.length === 0 ? [] : ["--jobs", jobs.join(",")];
      const printed = await printedBy(this.#starter, ["plan", "--json", "--out", file, ...only], PLAN_MS);
      if (!existsSync(file)) throw failureOf(printed);
      const { digest } = readPlan(file);
      renameSync(file, join(this.#directory, `${digest}.json`));
      this.#forgetOld();
      return await store((open) => this.row(open, digest));
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** All plans, the newest first. */
  rows(store: Store): PlanRow[] {
    return this.#newestFirst().map((digest) => this.row(store, digest));
  }

  row(store: Store, digest: string): PlanRow {
    return rowOf(readPlan(this.pathOf(digest)), this.#madeAt(digest), store);
  }

  /** A plan without its differences; `latest` is the newest. */
  answer(store: Store, digest: string): PlanAnswer {
    const [newest = ""] = digest === "latest" ? this.#newestFirst() : [digest];
    const plan = readPlan(this.pathOf(newest));
    const { notes, waves, stopping, undecided, failures, held } = plan;
    return {
      ...rowOf(plan, this.#madeAt(newest), store),
      notes,
      waves: waves.map(({ deployment_seq, jobs }) => ({
        deployment_seq,
        jobs: jobs.map(({ job, required, pre_deploy, blocked_by, unchanged, rollout, allocations }) => ({
          ...{ job, required, pre_deploy, blocked_by, unchanged, rollout },
          allocations: allocations.map(
            ({ worker_ip, action, reasons, matched, current_version, new_version, files }) => ({
              ...{ worker_ip, action, reasons, matched, current_version, new_version },
              files: files.map(({ path, change }) => ({ path, change })),
            }),
          ),
        })),
      })),
      stopping: stopping.map(({ job, worker_ip, stop, remove, reason }) => ({ job, worker_ip, stop, remove, reason })),
      undecided,
      failures,
      held_jobs: held,
    };
  }

  /** The differences of one allocation of a plan. */
  diff(digest: string, job: string, host: string): DiffAnswer {
    const { waves } = readPlan(this.pathOf(digest));
    const found = waves
      .flatMap(({ jobs }) => jobs)
      .find((one) => one.job === job)
      ?.allocations.find(({ worker_ip }) => worker_ip === host);
    if (!found) throw unknown("change of the plan for", `${job} on ${host}`);
    const files = found.files.map(({ path, change, access, diff }) => ({ path, change, access: access ?? null, diff }));
    return { job, worker_ip: host, files };
  }

  #madeAt(digest: string): string {
    return statSync(this.pathOf(digest)).mtime.toISOString();
  }

  #newestFirst(): string[] {
    if (!existsSync(this.#directory)) return [];
    const digests = readdirSync(this.#directory).flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []);
    return digests
      .map((digest) => ({ digest, at: this.#madeAt(digest) }))
      .sort((a, b) => (a.at < b.at ? 1 : -1))
      .map(({ digest }) => digest);
  }

  #forgetOld(): void {
    for (const digest of this.#newestFirst().slice(KEPT)) rmSync(this.pathOf(digest), { force: true });
  }
}

/**
 * Reads a plan that was written here, without checks. `maand deploy --plan` checks the file before it changes anything.
 */
function readPlan(path: string): SavedPlan {
  const plan: SavedPlan = JSON.parse(readFileSync(path, "utf8"));
  return plan;
}

function rowOf({ digest, required, waves, stopping, options }: SavedPlan, madeAt: string, store: Store): PlanRow {
  const run = store.journal.runOfPlan(digest) ?? null;
  const actions: Record<string, number> = {};
  const all = [
    ...waves.flatMap(({ jobs }) => jobs.flatMap(({ allocations }) => allocations.map(({ action }) => action))),
    ...stopping.map(({ remove }) => (remove ? "remove" : "stop")),
  ];
  for (const action of all) actions[action] = (actions[action] ?? 0) + 1;
  return {
    ...{ digest, required, run, actions, jobs: options.jobs },
    made_at: madeAt,
    made_by: userInfo().username,
    state: run === null ? "open" : "used",
  };
}
