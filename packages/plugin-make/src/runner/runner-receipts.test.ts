import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { aWorker, childrenOf, eventually, FORMS, gone } from "./runner.test.support.ts";

/** A worker with its records of the steps of job `api`. */
function worker(context: TestContext) {
  const w = aWorker(context);
  const directory = join(w.root, "receipts/api");
  const path = (step: string) => join(directory, step);
  const receipt = (step: string): Record<string, string> =>
    Object.fromEntries(
      readFileSync(path(step), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
    );
  const kept = () => (existsSync(directory) ? readdirSync(directory).sort() : []);
  const change = (step: string, from: RegExp, to: string) =>
    writeFileSync(path(step), readFileSync(path(step), "utf8").replace(from, to));
  const make = (name: string, ageMs: number) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path(name), "");
    const time = new Date(Date.now() - ageMs);
    utimesSync(path(name), time, time);
  };
  return { ...w, directory, path, receipt, kept, change, make };
}

/** Closes the controller's end of a serving runner, as if the controller had been killed. */
function leave({ process }: { readonly process: { stdin: unknown; stdout: unknown; stderr: unknown } }): void {
  for (const stream of [process.stdin, process.stdout, process.stderr]) (stream as { destroy(): void }).destroy();
}

const BOOT = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

describe.concurrent.each(FORMS)("a step of a run on a %s runner", (form) => {
  it("runs once, and a repeated request returns its recorded result", async (context) => {
    const w = worker(context);
    const step = "r1.start.1";
    expect(await w.run(form, "restart", { step })).toMatchObject({ code: 0, stderr: "" });
    expect(await w.run(form, "restart", { step })).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^runner: api: restart already exited with code 0 at \S+Z; not running it again\n$/,
      ),
    });
    expect(w.order()).toEqual(["api"]);
    expect(await w.run(form, "restart", { step: "r1.start.12" })).toMatchObject({ code: 0, stderr: "" });
    expect(w.order()).toEqual(["api", "api"]);
  });

  it("is not run again if it failed, and its output is shown again", async (context) => {
    const w = worker(context);
    const step = "r1.fail.1";
    const { code, stdout } = await w.run(form, "fail", { step });
    w.write("Makefile", "fail:\n\t@echo ran again\n");
    expect(await w.run(form, "fail", { step })).toMatchObject({ code, stdout: expect.stringContaining(stdout) });
  });

  it("has a claim on the disk while it runs, and a receipt after it has ended", async (context) => {
    const w = worker(context);
    const started = w.start(form, "gate", { step: "r1.gate.1" });
    await w.exists("here");
    const claim = w.receipt("r1.gate.1");
    expect(claim).toMatchObject({ step: "r1.gate.1", what: "gate", boot: BOOT, pid: expect.stringMatching(/^\d+$/) });
    const stat = readFileSync(`/proc/${claim.pid}/stat`, "utf8");
    expect(stat.slice(stat.lastIndexOf(")")).split(" ")[20]).toBe(claim.began);
    expect(Object.keys(claim)).not.toContain("code");
    w.write("go", "");
    expect(await started.code).toBe(0);
    expect(w.receipt("r1.gate.1")).toEqual({ ...claim, code: "0", cut: "no", ended: expect.stringMatching(/Z$/) });
    expect(statSync(w.path("r1.gate.1")).mode & 0o777).toBe(0o600);
    expect(statSync(w.directory).mode & 0o777).toBe(0o700);
    expect(w.kept()).toEqual(["r1.gate.1"]);
  });

  it("waits for the same step of an earlier run, shows its output, and returns its result", async (context) => {
    const w = worker(context);
    const earlier = w.serve();
    const step = "r1.talk.1";
    earlier.request("talk", { step });
    await eventually(() => expect(childrenOf(earlier.process.pid)).not.toBe(""));
    leave(earlier);
    const later = w.start(form, "talk", { step });
    await eventually(() => expect(later.stdout()).toContain("line 9\n"));
    expect(later.stdout()).not.toContain("late\n");
    w.write("go", "");
    expect(await later.code).toBe(0);
    expect(later.stdout().match(/^(line \d|late)$/gm)).toEqual([..."123456789"].map((n) => `line ${n}`).concat("late"));
    await gone(earlier.process.pid ?? 0);
  });

  it("never begins if it was replaced", async (context) => {
    const w = worker(context);
    expect(await w.run(form, "restart", { step: "r2.restart.1", voids: ["r1.restart.1"] })).toMatchObject({ code: 0 });
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({
      code: 130,
      stderr: "runner: api: restart was replaced by a later command\n",
    });
    expect(w.order()).toEqual(["api"]);
  });

  it("is run again, with the reason, if the worker was restarted in the meantime", async (context) => {
    const w = worker(context);
    const step = "r1.restart.1";
    await w.run(form, "restart", { step });
    w.change(step, /^code[\s\S]*/m, "");
    w.change(step, /^boot .*/m, "boot 00000000-0000-0000-0000-000000000000");
    expect(await w.run(form, "restart", { step })).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/restart began at \S+, but this worker was restarted; its result is unknown\n$/),
    });
    expect(w.order()).toEqual(["api", "api"]);
    expect(w.receipt(step)).toMatchObject({ boot: BOOT, code: "0" });
  });

  it("is run again if it was stopped on request", async (context) => {
    const w = worker(context);
    const step = "r1.hang.1";
    const started = w.start(form, "hang", { step });
    await w.grandchild();
    started.end();
    expect(await started.code).toBe(130);
    expect(w.receipt(step)).toMatchObject({ code: "130", cut: "yes" });
    w.write("Makefile", "hang:\n\t@echo again\n");
    expect(await w.run(form, "hang", { step })).toMatchObject({ code: 0, stdout: "again\n" });
  });

  it("may finish after a request to stop it, and then counts as successful", async (context) => {
    const w = worker(context);
    const started = w.start(form, "gate", { step: "r1.gate.1" });
    await w.exists("here");
    started.end();
    w.write("go", "");
    expect(await started.code).toBe(0);
    expect(w.receipt("r1.gate.1")).toMatchObject({ code: "0", cut: "no" });
  });

  it("is not run again if it timed out", async (context) => {
    const w = worker(context);
    const step = "r1.hang.1";
    expect(await w.run(form, "hang", { step, timeout: 0.3 })).toMatchObject({ code: 124 });
    expect(await w.run(form, "hang", { step, timeout: 0.3 })).toMatchObject({
      code: 124,
      stderr: expect.stringContaining("not running it again"),
    });
  });

  it("has its receipt deleted by a manual lifecycle command, but not by another target", async (context) => {
    const w = worker(context);
    await w.run(form, "start", { step: "r1.start.1" });
    await w.run(form, "env");
    expect(w.kept()).toEqual(["r1.start.1"]);
    await w.run(form, "stop");
    expect(w.kept()).toEqual([]);
  });

  it("is refused if the receipt with its name belongs to another command", async (context) => {
    const w = worker(context);
    await w.run(form, "start", { step: "r1.x.1" });
    expect(await w.run(form, "restart", { step: "r1.x.1" })).toMatchObject({
      code: 64,
      stderr: "runner: api: the receipt of this step belongs to another command\n",
    });
  });

  it.for(["../r1", ".r1", "a/b", "a\nb"])(
    "is refused if its name is not safe as a file name: %j",
    async (step, context) => {
      const w = worker(context);
      expect(await w.run(form, "start", { step })).toMatchObject({ code: 64 });
      expect(w.kept()).toEqual([]);
    },
  );

  it("counts as not begun if its receipt is incomplete", async (context) => {
    const w = worker(context);
    mkdirSync(w.directory, { recursive: true });
    writeFileSync(w.path("r1.restart.1"), "step r1.rest");
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({ code: 0, stderr: "" });
    expect(w.order()).toEqual(["api"]);
  });

  it("does not begin if it cannot be recorded, unless it is a stop", async (context) => {
    const w = worker(context);
    writeFileSync(join(w.root, "receipts"), "in the way");
    const printed = /^runner: api: cannot record its start in \S+receipts\/api: /;
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(printed),
    });
    expect(existsSync(join(w.root, "order"))).toBe(false);
    expect(await w.run(form, "stop", { step: "r1.stop.1" })).toMatchObject({
      code: 0,
      stdout: "stopped\n",
      stderr: expect.stringMatching(printed),
    });
  });

  it("deletes receipts that are older than a day, and all but the newest 16 of the others", async (context) => {
    const w = worker(context);
    const day = 86_400_000;
    for (let at = 0; at < 60; at += 1) w.make(`old.${at}`, at < 40 ? at * 1_000 : 2 * day);
    await w.run(form, "start", { step: "new.1" });
    expect(w.kept()).toEqual(["new.1", ...Array.from({ length: 16 }, (_, at) => `old.${at}`)].sort());
  });

  it("counts a receipt and its output as one, and deletes both together", async (context) => {
    const w = worker(context);
    for (let at = 0; at < 20; at += 1) {
      w.make(`old.${at}.out`, 60_000 + at * 1_000);
      w.make(`old.${at}`, at * 1_000);
    }
    await w.run(form, "start", { step: "new.1" });
    const kept = Array.from({ length: 16 }, (_, at) => [`old.${at}`, `old.${at}.out`]);
    expect(w.kept()).toEqual(["new.1", ...kept.flat()].sort());
  });

  it("keeps the receipts of its own commands and of the steps that it replaces, even if there are more than 16", async (context) => {
    const w = worker(context);
    const own = Array.from({ length: 20 }, (_, at) => `new.1+${at}`);
    for (const name of own) w.make(name, 2 * 86_400_000);
    const voids = Array.from({ length: 20 }, (_, at) => `replaced.${at}`);
    await w.run(form, "start", { step: "new.1", voids });
    expect(w.kept()).toEqual(["new.1", ...own, ...voids].sort());
  });

  it("deletes no receipt if it cannot write its claim", async (context) => {
    const w = worker(context);
    w.make("old.1.settled", 2 * 86_400_000);
    mkdirSync(w.path("new.1.new")); // where the claim is written first
    expect(await w.run(form, "start", { step: "new.1" })).toMatchObject({ code: 1 });
    expect(w.kept()).toEqual(["new.1.new", "old.1.settled"]);
  });
});

describe.concurrent("a step of a run whose controller has died", () => {
  it("never begins if it was still waiting for its turn", async (context) => {
    const w = worker(context);
    const byHand = w.alone("gate");
    await w.exists("here");
    const serving = w.serve();
    const waiting = serving.request("restart", { step: "r1.restart.1" });
    await eventually(() => expect(waiting.stderr()).toContain("waiting for gate"));
    leave(serving);
    await gone(serving.process.pid ?? 0);
    w.write("go", "");
    expect(await byHand.code).toBe(0);
    expect(w.order()).toEqual(["in", "out"]);
    expect(w.kept()).toEqual([]);
  });

  it("is not stopped, and the last part of its output is kept", async (context) => {
    const w = worker(context);
    w.write(
      "Makefile",
      "loud:\n\t@echo begun; touch here; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo its end\n",
    );
    const serving = w.serve();
    serving.request("loud", { step: "r1.loud.1" });
    await w.exists("here");
    leave(serving);
    await gone(serving.process.pid ?? 0);
    expect(w.receipt("r1.loud.1")).toMatchObject({ code: "0" });
    expect(statSync(w.path("r1.loud.1.out")).size).toBeLessThan(1_000_000);
    expect(await w.run("serving", "loud", { step: "r1.loud.1" })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/x\nits end\n$/),
    });
  });

  it("is run again if its runner was killed, because its result is unknown", async (context) => {
    const w = worker(context);
    const serving = w.serve();
    serving.request("gate", { step: "r1.gate.1" });
    await w.exists("here");
    serving.process.kill("SIGKILL");
    const later = w.start("serving", "gate", { step: "r1.gate.1" });
    await eventually(() => expect(later.stderr()).toContain("waiting for gate"));
    w.write("go", "");
    expect(await later.code).toBe(0);
    expect(later.stderr()).toMatch(/gate began at \S+, but the runner was killed; its result is unknown\n$/);
    expect(w.order()).toEqual(["in", "out", "in", "out"]);
  });
});

describe.concurrent("a receipt", () => {
  it("is deleted by the next step of its job only after it was settled", async (context) => {
    const w = worker(context);
    const { client, request } = w.serve();
    expect(await request("fail", { step: "r1.fail.1" }).code).toBe(2);
    expect(await request("start", { step: "r1.start.1" }).code).toBe(0);
    expect(w.kept()).toEqual(["r1.fail.1", "r1.fail.1.out", "r1.start.1"]);
    expect(await client.request({ settled: { api: ["r1.fail.1"] } }, () => {}).ended).toBe(0);
    expect(w.kept()).toEqual(["r1.fail.1.out", "r1.fail.1.settled", "r1.start.1"]);
    expect(await request("start", { step: "r1.start.2" }).code).toBe(0);
    expect(w.kept()).toEqual(["r1.start.1", "r1.start.2"]);
    expect(await client.request({ settled: { "../x": ["r1.fail.1"] } }, () => {}).ended).toBe(64);
    expect(await client.request({ settled: { api: ["../../jobs.json"] } }, () => {}).ended).toBe(64);
  });
});

/** Reports to the worker that the store has the result of a step. */
async function settle(w: ReturnType<typeof worker>, step: string): Promise<void> {
  const { client } = w.serve();
  await client.ready;
  expect(await client.request({ settled: { api: [step] } }, () => {}).ended).toBe(0);
}

describe.concurrent.each(FORMS)("a settled receipt on a %s runner", (form) => {
  it("still returns the result of its step until the next step of the job begins", async (context) => {
    const w = worker(context);
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({ code: 0 });
    await settle(w, "r1.restart.1");
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("not running it again"),
    });
    expect(w.order()).toEqual(["api"]);
    expect(await w.run(form, "restart", { step: "r2.restart.1" })).toMatchObject({ code: 0 });
    expect(w.kept()).toEqual(["r2.restart.1"]);
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({ code: 0, stderr: "" });
    expect(w.order()).toEqual(["api", "api", "api"]);
  });

  it("is deleted by a manual lifecycle command", async (context) => {
    const w = worker(context);
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({ code: 0 });
    await settle(w, "r1.restart.1");
    await w.run(form, "stop");
    expect(w.kept()).toEqual([]);
  });

  it("does not allow a replaced step to begin", async (context) => {
    const w = worker(context);
    expect(await w.run(form, "restart", { step: "r2.restart.1", voids: ["r1.restart.1"] })).toMatchObject({ code: 0 });
    await settle(w, "r1.restart.1");
    expect(await w.run(form, "restart", { step: "r1.restart.1" })).toMatchObject({ code: 130 });
  });
});

describe.concurrent("a command that is not a target", () => {
  const commandOf = (argv: readonly string[], more: object = {}) => ({
    ...{ target: "the command", job: "api", timeout: 60, env: { GREETING: "hello" }, argv },
    ...{ step: "r1.start.1+1", voids: [], what: JSON.stringify(argv), ...more },
  });

  it("runs once in the directory of its job, with its environment", async (context) => {
    const w = worker(context);
    const { client } = w.serve();
    const run = async (argv: readonly string[], more?: object) => {
      let stdout = "";
      const { ended } = client.request(commandOf(argv, more), (_, bytes) => {
        stdout += bytes;
      });
      return { code: await ended, stdout };
    };
    await client.ready;
    const line = ["sh", "-c", 'echo "$GREETING" >> said; pwd'];
    expect(await run(line)).toEqual({ code: 0, stdout: `${w.root}/jobs/api\n` });
    expect((await run(line)).code).toBe(0);
    expect(readFileSync(w.inJob("said"), "utf8")).toBe("hello\n");
    expect((await run(["false"])).code).toBe(64);
    expect((await run(["false"], { step: "r1.start.1+2" })).code).toBe(1);
    expect(w.kept()).toEqual(["r1.start.1+1", "r1.start.1+2", "r1.start.1+2.out"]);
  });

  it("runs once for the whole worker in the bucket's directory, before anything was delivered there", async (context) => {
    const w = worker(context);
    rmSync(join(w.root, "jobs"), { recursive: true });
    const { client } = w.serve();
    await client.ready;
    const line = ["sh", "-c", "echo ran >> ran; exit 7"];
    for (const _ of [1, 2]) expect(await client.request(commandOf(line, { job: "+worker" }), () => {}).ended).toBe(7);
    expect(readFileSync(join(w.root, "ran"), "utf8")).toBe("ran\n");
    await client.request({ settled: { "+worker": ["r1.start.1+1"] } }, () => {}).ended;
    expect(await client.request(commandOf(line, { job: "+worker" }), () => {}).ended).toBe(7);
    expect(readFileSync(join(w.root, "ran"), "utf8")).toBe("ran\n");
    const next = commandOf(line, { job: "+worker", step: "r1.start.2+1" });
    expect(await client.request(next, () => {}).ended).toBe(7);
    expect(readdirSync(join(w.root, "receipts/+worker")).filter((name) => name.startsWith("r1.start.1"))).toEqual([]);
    mkdirSync(join(w.root, "jobs/api"), { recursive: true });
  });

  it("never begins if its step was replaced", async (context) => {
    const w = worker(context);
    const { client, request } = w.serve();
    expect(await request("start", { step: "r2.start.1", voids: ["r1.start.1"] }).code).toBe(0);
    expect(await client.request(commandOf(["true"]), () => {}).ended).toBe(130);
  });

  it.for([
    [["x"], { step: undefined }],
    [[], {}],
    [["a\u0000b"], {}],
    [["true"], { job: ".." }],
  ] as const)("is refused if it is invalid: %j", async ([argv, more], context) => {
    const w = worker(context);
    const { client } = w.serve();
    await client.ready;
    expect(await client.request(commandOf(argv, more), () => {}).ended).toBe(64);
  });
});
