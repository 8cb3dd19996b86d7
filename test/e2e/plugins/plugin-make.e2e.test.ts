import { createHooks, type MaandError, type Remote } from "@maand/core";
import { aJob, targetContext } from "@maand/core/testing";
import { make } from "@maand/plugin-make";
import { afterEach, describe, expect, test } from "vitest";
import { deskFor, type FleetOptions, type FleetWorker, startFleet, until } from "../../support/fleet/index.ts";

const MAKEFILE = `start:
	@echo started $(JOB) by $$(id -un)
restart:
	@echo restarted; echo once >> restarts
gate:
	@echo waiting; while ! test -e go; do sleep 0.05; done; echo done > done
`;
const JOBS = ["api", "web", "db"];
const OLDER = "import sys\nsys.exit(64)\n";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Bench {
  readonly worker: FleetWorker;
  readonly remote: Remote;
  readonly root: string;
  /** Runs a target; what it says is in `said`. */
  run(target: string, options?: RunOptions): Promise<"done" | undefined>;
  readonly said: string[];
}

interface RunOptions {
  readonly job?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly remote?: Remote;
}

async function bench(options: Partial<FleetOptions> = {}): Promise<Bench> {
  const fleet = await startFleet({ count: 1, ...options });
  const [worker] = fleet.workers;
  if (!worker) throw new Error("there is no worker");
  closing.push(() => fleet.close());
  const desk = deskFor(fleet);
  closing.push(() => desk.close());
  const remote = await desk.connect(worker);
  const { root } = remote;
  for (const job of JOBS) await worker.write(`${root}/jobs/${job}/Makefile`, MAKEFILE);
  await worker.write(`${root}/jobs.json`, JSON.stringify(JOBS.map((job) => ({ job }))));
  const plugin = make();
  for (const [name, text] of Object.entries(plugin.workerFiles ?? {})) await worker.write(`${root}/bin/${name}`, text);
  const hooks = createHooks();
  void plugin.apply(hooks);
  const said: string[] = [];
  const run = (target: string, { job = "api", ...more }: RunOptions = {}) => {
    const context = targetContext({ remote, target, job: aJob({ name: job }), env: { JOB: job }, ...more });
    return hooks.target.promise({ ...context, log: (line) => void said.push(line) });
  };
  return { worker, remote, root, run, said };
}

function failure(promise: Promise<unknown>): Promise<MaandError> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: MaandError) => error,
  );
}

describe("one runner serves all commands of a worker", () => {
  test.each([true, false])("as root, through sudo: %s", async (sudo) => {
    const { run, said, worker } = await bench({ sudo });
    await Promise.all(JOBS.map((job) => run("start", { job })));
    for (const job of JOBS) expect(said).toContain(`started ${job} by root`);
    expect(worker.processesWith("--serve").length).toBe(sudo ? 2 : 1);
    await until("the idle runner to end", () => worker.processesWith("--serve").length === 0);
    await run("start");
    expect(worker.processesWith("--serve").length).toBe(sudo ? 2 : 1);
  });

  test("and it is our own, whatever was delivered there", async () => {
    const { run, said, worker, root } = await bench();
    await worker.write(`${root}/bin/runner.py`, OLDER);
    expect(await run("start")).toBe("done");
    expect(said).toEqual(["started api by root"]);
  });

  test("also where a worker allows few sessions, without keeping them from others", async () => {
    const { run, remote } = await bench({ sshdConfig: ["MaxSessions 2"] });
    await Promise.all(JOBS.map((job) => run("start", { job })));
    await Promise.all(JOBS.map(() => remote.exec(["sleep", "0.05"])));
    expect(await run("start")).toBe("done");
  });
});

describe("a command that is cut off", () => {
  test("goes on when the connection is lost, and the next one waits for it", async () => {
    const { run, said, worker, root } = await bench();
    const first = failure(run("gate"));
    await until("it to begin", () => said.includes("waiting"));
    await worker.dropConnections();
    expect(await first).toMatchObject({
      code: "DISCONNECTED",
      message: `the connection closed during make gate of api on ${worker.host}`,
      hint: "it goes on there by itself; the next command on this job waits for it",
      output: ["waiting"],
    });
    const next = run("restart");
    await until("the next one to wait", () => said.some((line) => line.includes("api: waiting for gate")));
    expect(await run("start", { job: "web" })).toBe("done");
    await worker.write(`${root}/jobs/api/go`, "");
    expect(await next).toBe("done");
    expect(worker.exists(`${root}/jobs/api/done`)).toBe(true);
    expect(await worker.read(`${root}/jobs/api/restarts`)).toBe("once\n");
  });

  test("by a frozen worker is given up soon after its time", async () => {
    const { run, worker } = await bench();
    expect(await run("start")).toBe("done");
    worker.freeze();
    const began = performance.now();
    const error = await failure(run("start", { timeoutMs: 1_000 }));
    worker.thaw();
    expect(error).toMatchObject({ code: "TIMED_OUT", message: expect.stringContaining("timed out after 1 s") });
    expect(performance.now() - began).toBeLessThan(12_000);
  });

  test("by its own time or by an interruption ends there too, and the others go on", async () => {
    const { run, said, worker, root } = await bench();
    const other = run("gate", { job: "web" });
    const late = failure(run("gate", { timeoutMs: 500 }));
    const interrupt = new AbortController();
    const stopped = failure(run("gate", { job: "db", signal: interrupt.signal }));
    await until("all to begin", () => said.filter((line) => line === "waiting").length === 3);
    interrupt.abort();
    expect(await late).toMatchObject({ code: "TIMED_OUT", exit: 124 });
    expect(await stopped).toMatchObject({
      code: "INTERRUPTED",
      message: `make gate of db on ${worker.host} was interrupted`,
    });
    await worker.write(`${root}/jobs/web/go`, "");
    expect(await other).toBe("done");
    expect(worker.processesWith("jobs/db")).toEqual([]);
  });
});
