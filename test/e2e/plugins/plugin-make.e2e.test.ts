import type { MaandError } from "@maand/core";
import { afterEach, describe, expect, test } from "vitest";
import { type FleetOptions, type FleetWorker, until } from "../../support/fleet/index.ts";
import { type FleetMakeWorker, overSsh } from "../../support/make-worker.ts";

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

async function worker(options: Partial<FleetOptions> = {}): Promise<FleetMakeWorker> {
  const opened = await overSsh(JOBS, MAKEFILE, options);
  closing.push(() => opened.close());
  return opened;
}

function failure(promise: Promise<unknown>): Promise<MaandError> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: MaandError) => error,
  );
}

describe("a runner", () => {
  test.each([true, false])("runs all commands of a worker as root, through sudo: %s", async (sudo) => {
    const { run, output, processesWith } = await worker({ sudo });
    await Promise.all(JOBS.map((job) => run("start", { job })));
    for (const job of JOBS) expect(output).toContain(`started ${job} by root`);
    expect(processesWith("--serve").length).toBe(sudo ? 2 : 1);
  });

  test("runs the program that maand sends, not a file on the worker", async () => {
    const { run, output, write } = await worker();
    await write("bin/runner.py", OLDER);
    expect(await run("start")).toBe("done");
    expect(output).toEqual(["started api by root"]);
  });

  test("works on a worker that allows few sessions, without blocking other commands", async () => {
    const { run, remote } = await worker({ sshdConfig: ["MaxSessions 2"] });
    await Promise.all(JOBS.map((job) => run("start", { job })));
    await Promise.all(JOBS.map(() => remote.exec(["sleep", "0.05"])));
    expect(await run("start")).toBe("done");
  });
});

describe("a command", () => {
  test("keeps running after a lost connection, and the next command waits for it", async () => {
    const { run, output, worker: machine, write, exists, root } = await worker();
    const first = failure(run("gate"));
    await until("the command to begin", () => output.includes("waiting"));
    await machine.dropConnections();
    expect(await first).toMatchObject({
      code: "DISCONNECTED",
      message: `the connection closed during make gate of api on ${machine.host}`,
      hint: "the command continues on the worker; the next command on this job waits for it",
      output: ["waiting"],
    });
    const next = run("restart");
    await until("the next command to wait", () => output.some((line) => line.includes("api: waiting for gate")));
    expect(await run("start", { job: "web" })).toBe("done");
    await write("jobs/api/go", "");
    expect(await next).toBe("done");
    expect(exists("jobs/api/done")).toBe(true);
    expect(await machine.read(`${root}/jobs/api/restarts`)).toBe("once\n");
  });

  test("fails soon after its timeout if its worker is stopped", async () => {
    const { run, worker: machine } = await worker();
    expect(await run("start")).toBe("done");
    machine.freeze();
    const began = performance.now();
    const error = await failure(run("start", { timeoutMs: 1_000 }));
    machine.thaw();
    expect(error).toMatchObject({ code: "TIMED_OUT", message: expect.stringContaining("timed out after 1 s") });
    expect(performance.now() - began).toBeLessThan(12_000);
  });
});

/** Replaces the sudo rules of the ssh user on one worker. */
async function sudoRules(machine: FleetWorker, rules: string): Promise<void> {
  await machine.write("/opt/worker/sudoers", rules);
  const script = "chmod 440 /opt/worker/sudoers && mount --bind /opt/worker/sudoers /etc/sudoers.d/maandtest";
  expect(await machine.run(["sh", "-c", script])).toMatchObject({ code: 0 });
}

const FREE = "maandtest ALL=(ALL:ALL) NOPASSWD: ALL\n";

describe("the error for a runner that cannot start names the worker, with a hint,", () => {
  test.each([
    [
      "asks for a password",
      "maandtest ALL=(ALL:ALL) ALL\n",
      /^sudo on \S+ asks "maandtest" for a password$/,
      "NOPASSWD",
    ],
    [
      "requires a terminal",
      `Defaults:maandtest requiretty\n${FREE}`,
      /^sudo on \S+ requires a terminal/,
      "!requiretty",
    ],
  ])("if sudo %s", async (_, rules, message, fix) => {
    const { run, worker: machine } = await worker();
    await sudoRules(machine, rules);
    expect(await failure(run("start"))).toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringContaining(fix),
    });
  });

  test("if python3 is missing", async () => {
    const { run, worker: machine } = await worker();
    const bin = "mkdir -p /opt/worker/none && ln -sf /bin/sh /usr/bin/env /opt/worker/none";
    expect(await machine.run(["sh", "-c", bin])).toMatchObject({ code: 0 });
    await sudoRules(machine, `Defaults:maandtest secure_path="/opt/worker/none"\n${FREE}`);
    expect(await failure(run("start"))).toMatchObject({
      code: "WORKER_LACKS",
      message: `${machine.host} lacks python3`,
      hint: `install it on ${machine.host}`,
    });
  });
});
