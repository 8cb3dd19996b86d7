import type { MaandError } from "@maand/core";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../../support/fleet/index.ts";
import { type MakeWorker, onThisMachine, overSsh } from "../../support/make-worker.ts";

const MAKEFILE = `start:
	@echo started $(JOB)
place:
	@echo "$(PWD) $(CURDIR)"; pwd
gate:
	@echo waiting; while ! test -e go; do sleep 0.05; done; echo late >> late
restart:
	@test -e late && echo after it || echo beside it
daemon:
	@setsid --fork sh -c 'while ! test -e go; do sleep 0.05; done; echo late >> late' > log 2>&1
fail:
	@echo broken; exit 9
`;
const JOBS = ["api", "web", "db"];

const WORKERS: Readonly<Record<string, () => Promise<MakeWorker>>> = {
  "ssh, with sudo": () => overSsh(JOBS, MAKEFILE, { sudo: true }),
  "ssh, as root": () => overSsh(JOBS, MAKEFILE, { sudo: false }),
  "this machine": () => onThisMachine(JOBS, MAKEFILE),
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.each(Object.entries(WORKERS))("on a worker with the transport %s", (_, open) => {
  async function worker(): Promise<MakeWorker> {
    const opened = await open();
    closing.push(() => opened.close());
    return opened;
  }

  test("a target runs in the job's directory, as after `cd`", async () => {
    const { run, output, root } = await worker();
    await run("place", { env: { PWD: "/elsewhere" } });
    const here = `${root}/jobs/api`;
    expect(output).toEqual([`${here} ${here}`, here]);
  });

  test("one runner runs all commands, and exits when it is idle", async () => {
    const { run, output, processesWith } = await worker();
    await Promise.all(JOBS.map((job) => run("start", { job })));
    expect(output.sort()).toEqual(["started api", "started db", "started web"]);
    const runners = processesWith("--serve").length;
    await run("start");
    expect(processesWith("--serve")).toHaveLength(runners);
    await until("the idle runner to end", () => processesWith("--serve").length === 0);
    expect(await run("start")).toBe("done");
  });

  test("a target runs even if a directory has its name, and a target without a recipe fails", async () => {
    const { run, output, write } = await worker();
    await write("jobs/api/start/readme", "");
    expect(await run("start")).toBe("done");
    expect(output).toEqual(["started api"]);
    await write("jobs/api/reload", "");
    expect(await failure(run("reload"))).toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("target reload of api"),
      hint: "write a rule for reload in workspace/jobs/api/Makefile, then run maand deploy --build",
    });
  });

  test("the error of a failed target contains its exit code and its last lines of output", async () => {
    const { run } = await worker();
    expect(await failure(run("fail"))).toMatchObject({
      code: "COMMAND_FAILED",
      exit: 2,
      output: expect.arrayContaining(["broken"]),
    });
  });

  test("a stop fails if the files of the job are missing", async () => {
    const { run, root } = await worker();
    expect(await failure(run("stop", { job: "gone" }))).toMatchObject({
      code: "NOT_DELIVERED",
      message: expect.stringContaining(`${root}/jobs/gone`),
    });
  });

  test("a recipe whose make is killed finishes before the next command starts", async () => {
    const { run, output, write, processesWith } = await worker();
    const first = failure(run("gate"));
    await until("the target to begin", () => output.includes("waiting"));
    const next = run("restart");
    await until("the next target to wait", () => output.some((line) => line.includes("waiting for gate")));
    const makes = processesWith("make -s -C");
    for (const pid of makes) process.kill(pid, "SIGKILL");
    await until("make to end", () => processesWith("make -s -C").length === 0);
    await write("jobs/api/go", "");
    expect(await first).toMatchObject({ code: "COMMAND_FAILED", exit: 137 });
    expect(await next).toBe("done");
    expect(output.at(-1)).toBe("after it");
  });

  test("a server that a target starts keeps running during other commands and without a runner", async () => {
    const { run, write, exists, processesWith } = await worker();
    expect(await run("daemon")).toBe("done");
    expect(await run("start")).toBe("done");
    await until("the idle runner to end", () => processesWith("--serve").length === 0);
    await write("jobs/api/go", "");
    await until("the server to write", () => exists("jobs/api/late"));
  });

  test("a target ends on the worker at its timeout or when it is interrupted, and other targets continue", async () => {
    const { run, output, write, processesWith } = await worker();
    const other = run("gate", { job: "web" });
    const late = failure(run("gate", { timeoutMs: 500 }));
    const interrupt = new AbortController();
    const stopped = failure(run("gate", { job: "db", signal: interrupt.signal }));
    await until("all targets to begin", () => output.filter((line) => line === "waiting").length === 3);
    interrupt.abort();
    expect(await late).toMatchObject({ code: "TIMED_OUT", exit: 124 });
    expect(await stopped).toMatchObject({
      code: "INTERRUPTED",
      message: expect.stringMatching(/^make gate of db on \S+ was interrupted$/),
    });
    await write("jobs/web/go", "");
    expect(await other).toBe("done");
    expect(processesWith("jobs/db")).toEqual([]);
  });
});

function failure(promise: Promise<unknown>): Promise<MaandError> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: MaandError) => error,
  );
}
