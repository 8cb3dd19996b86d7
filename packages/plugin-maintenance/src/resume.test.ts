import { definePlugin, MaandError } from "@maand/core";
import { fakeRemote } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ALL_RUN,
  aMaintainedBucket,
  COMMAND,
  IN_ORDER,
  type MaintainedBucket,
  SHUTDOWN,
  states,
} from "./maintained.test.support.ts";

const HOST = "10.0.0.1";
const BOTH = { command: "apt-get -y upgrade", reboot: true };

let made: MaintainedBucket;

afterEach(() => made.bucket.dispose());

const lost = () => new MaandError({ code: "INTERRUPTED", message: "the result is lost" });

describe("interrupted maintenance", () => {
  beforeEach(async () => {
    made = await aMaintainedBucket();
  });

  it.each(IN_ORDER.flatMap((what, at) => [`before ${what}`, `in ${what}`].map((when) => [when, at] as const)))(
    "resumes at the interruption (%s), and runs the command and the reboot once",
    async (when, at) => {
      const { bucket, maintain, resume, doneOn, interrupt } = made;
      const isThere = (what: string) => what.endsWith(HOST) && what.startsWith(IN_ORDER[at] ?? "");
      const end = (what: string) => {
        if (!isThere(what)) return;
        interrupt();
        throw lost();
      };
      if (when.startsWith("before")) bucket.fleet.onDo = end;
      else bucket.fleet.onDone = end;
      const report = await maintain(BOTH, [HOST]);
      expect(report).toMatchObject({ outcome: "interrupted", isOver: false });
      expect(states(report)).toEqual(["under_way"]);

      bucket.fleet.onDo = () => undefined;
      bucket.fleet.onDone = () => undefined;
      expect(await resume()).toMatchObject({ outcome: "ok", isOver: true });
      const done = doneOn(HOST);
      // the fake workers keep no receipts, so a target whose result is lost runs again
      expect(done.filter((what, index) => what !== done[index - 1])).toEqual(IN_ORDER);
      expect(done.filter((what) => what === COMMAND || what === SHUTDOWN)).toEqual([COMMAND, SHUTDOWN]);
      expect(bucket.fleet.running()).toEqual(ALL_RUN);
      await bucket.deploy();
      expect(doneOn(HOST)).toEqual(done);
    },
  );

  it("can be aborted at any step; the abort starts only the stopped allocations", async () => {
    const { bucket, maintain, abort, doneOn, interrupt } = made;
    for (const at of IN_ORDER.keys()) {
      bucket.fleet.done.length = 0;
      bucket.fleet.onDo = (what) => {
        if (!what.endsWith(HOST) || !what.startsWith(IN_ORDER[at] ?? "")) return;
        interrupt();
        throw lost();
      };
      await maintain(BOTH, [HOST]);
      bucket.fleet.onDo = () => undefined;
      expect(await abort()).toMatchObject({ outcome: "aborted", message: undefined });
      expect(bucket.fleet.running()).toEqual(ALL_RUN);
      expect(doneOn(HOST).filter((what) => what === COMMAND)).toHaveLength(at > 2 ? 1 : 0);
      expect(doneOn(HOST).filter((what) => what === SHUTDOWN)).toHaveLength(at > 3 ? 1 : 0);
    }
  });

  it("does not reboot a worker that was set aside and has rebooted in the meantime", async () => {
    const { bucket, maintain, resume, doneOn } = made;
    bucket.fleet.onDone = (what) => {
      if (what !== `${SHUTDOWN} ${HOST}`) return;
      bucket.fleet.fail(`connect ${HOST}`, new MaandError({ code: "UNREACHABLE", message: "gone" }));
      throw new MaandError({ code: "DISCONNECTED", message: "gone" });
    };
    const report = await maintain({ reboot: true }, [HOST]);
    expect(report.workers).toMatchObject([
      { state: "set_aside", phase: "reboot", message: expect.stringContaining("was not back") },
    ]);
    expect(states(await resume())).toEqual(["set_aside"]);
    bucket.fleet.repair();
    expect(await resume()).toMatchObject({ outcome: "ok" });
    expect(doneOn(HOST).filter((what) => what === SHUTDOWN)).toHaveLength(1);
    expect(bucket.fleet.running()).toEqual(ALL_RUN);
  });

  it("can be interrupted while it waits for the budget", async () => {
    const { bucket, maintain, interrupt } = made;
    bucket.fleet.fail("verify api@10.0.0.3");
    let checks = 0;
    bucket.fleet.onDo = (what) => {
      if (what === "verify api" && ++checks === 2) interrupt();
    };
    expect(await maintain({ reboot: true, returnMs: 60_000 }, [HOST])).toMatchObject({
      outcome: "interrupted",
      workers: [{ state: "waiting" }],
    });
    expect(bucket.fleet.done).toEqual([]);
  });

  it("starts no other worker after the interruption", async () => {
    const { bucket, maintain, interrupt, doneOn } = made;
    bucket.fleet.onDo = (what) => {
      if (what === `start api@${HOST}`) interrupt();
    };
    expect(states(await maintain(BOTH))).toEqual([expect.stringMatching(/done|under_way/), "waiting", "waiting"]);
    expect(doneOn("10.0.0.2")).toEqual([]);
  });
});

/** Workers whose responses a test sets; by default, the fake fleet responds. */
function answering(answer: (line: string) => string | undefined) {
  return definePlugin({
    name: "answering",
    apply(hooks) {
      hooks.connect.tapPromise("answering", async ({ worker: { host }, root }) => {
        const answers = ({ line }: { readonly line: string }) => ({ stdout: answer(line) ?? "" });
        return host === HOST ? fakeRemote({ host, root, transport: "fake", answers }) : undefined;
      });
    },
  });
}

const ID = "11111111-1111-4111-8111-111111111111";
const NEXT_ID = "22222222-2222-4222-8222-222222222222";

describe("the boot id", () => {
  it("must be valid and new after a reboot, however long the reboot takes", async () => {
    const answers = [ID, ID, "bash: fork: Resource temporarily unavailable", `motd\n${NEXT_ID}`, NEXT_ID];
    let asked = 0;
    let clock = 0;
    const plugin = answering((line) => (line.startsWith("cat /proc/") ? answers[asked++] : undefined));
    made = await aMaintainedBucket({ plugins: [plugin], now: () => new Date(clock++) });
    expect(await made.maintain({ reboot: true, returnMs: 60_000 }, [HOST])).toMatchObject({ outcome: "ok" });
    expect(asked).toBe(answers.length);
  });

  it("must be known before a reboot", async () => {
    made = await aMaintainedBucket({ plugins: [answering(() => undefined)] });
    const report = await made.maintain({ reboot: true }, [HOST]);
    expect(report.workers).toMatchObject([{ state: "set_aside", message: expect.stringContaining("has no boot id") }]);
    expect(made.doneOn(HOST)).not.toContain(SHUTDOWN);
  });

  it("that changes during the command sets the worker aside, because the result is unknown", async () => {
    let id = ID;
    made = await aMaintainedBucket({
      plugins: [answering((line) => (line.startsWith("cat /proc/") ? id : undefined))],
    });
    made.bucket.fleet.onDone = (what) => {
      if (what !== `${COMMAND} ${HOST}`) return;
      id = NEXT_ID;
      throw new MaandError({ code: "DISCONNECTED", message: "gone" });
    };
    const report = await made.maintain({ command: "apt-get -y upgrade" }, [HOST]);
    expect(report.workers).toMatchObject([{ phase: "command", message: expect.stringContaining("restarted while") }]);
    made.bucket.fleet.onDone = () => undefined;
    expect(await made.resume()).toMatchObject({ outcome: "ok" });
    expect(made.doneOn(HOST).filter((what) => what === COMMAND)).toHaveLength(2);
  });
});

it("a worker is not rebooted while a process still works in the directory of a job", async () => {
  const busy = "nginx (pid 4711) works in jobs/api\n";
  const answer = (line: string) => (line.startsWith("cat /proc/") ? ID : line.includes("/cwd") ? busy : undefined);
  let clock = 0;
  const minute = 60_000;
  const later = () => {
    clock += minute;
    return new Date(clock);
  };
  made = await aMaintainedBucket({ plugins: [answering(answer)], now: later });
  const report = await made.maintain({ reboot: true, returnMs: 60 * minute }, [HOST]);
  expect(report.workers).toMatchObject([
    { state: "set_aside", phase: "reboot", message: expect.stringContaining("nginx (pid 4711) works in jobs/api") },
  ]);
  expect(made.doneOn(HOST)).not.toContain(SHUTDOWN);
});
