import {
  isInMaintenance,
  type MaintainedWorker,
  type Phase,
  progressText,
  type WorkerState,
} from "@maand/core/readonly";
import { describe, expect, it } from "vitest";
import { parseBootId } from "./boot-id.ts";
import { isLimitReached, limitText, parseFailureLimit } from "./failure-limit.ts";
import { isOver, mayBegin, remainingOf } from "./remaining.ts";
import { type MaintenanceRequest, phaseAfter, phasesOf } from "./request.ts";

const REQUEST: MaintenanceRequest = {
  reboot: false,
  keepDrained: false,
  concurrency: 1,
  onFailure: "stop",
  returnMs: 1,
  commandMs: 1,
};

function worker(state: WorkerState, phase: Phase = "drain", host = state): MaintainedWorker {
  return { host, state, phase, attempt: 1, bootId: undefined, message: undefined, since: "" };
}

describe("a boot id", () => {
  it("is a UUID and nothing else", () => {
    const id = "3f2d7c1e-9b7a-4a53-8f0e-0d6c5b4a3f21";
    expect(parseBootId(id)).toBe(id);
    expect(parseBootId(`${id}\n`)).toBe(id);
  });

  it.each([
    "",
    "\n",
    "cat: /proc/sys/kernel/random/boot_id: No such file or directory\n",
    "Welcome to web-1\n3f2d7c1e-9b7a-4a53-8f0e-0d6c5b4a3f21\n",
    "3f2d7c1e-9b7a-4a53-8f0e-0d6c5b4a3f21\n\n",
    "3F2D7C1E-9B7A-4A53-8F0E-0D6C5B4A3F21\n",
    "3f2d7c1e9b7a4a538f0e0d6c5b4a3f21\n",
    "System is booting up. Unprivileged users are not permitted to log in yet.\n",
  ])("is not %j", (output) => expect(parseBootId(output)).toBeUndefined());
});

describe("the limit of failed workers", () => {
  it.each([
    ["stop", "stop"],
    ["continue", "continue"],
    ["2", 2],
    ["10%", "10%"],
    ["100%", "100%"],
  ])("can be %j", (text, limit) => expect(parseFailureLimit(text)).toBe(limit));

  it.each(["", "0", "-1", "1.5", "0%", "101%", "Stop", "all", "2 "])("cannot be %j", (text) =>
    expect(parseFailureLimit(text)).toBeUndefined(),
  );

  it("is reached at this number or share of failed workers, but never without a failure", () => {
    const reached = (limit: Parameters<typeof isLimitReached>[0], all = 30) =>
      [0, 1, 2, 3, 4].map((failed) => isLimitReached(limit, failed, all));
    expect(reached("stop")).toEqual([false, true, true, true, true]);
    expect(reached("continue")).toEqual([false, false, false, false, false]);
    expect(reached(2)).toEqual([false, false, true, true, true]);
    expect(reached("10%")).toEqual([false, false, false, true, true]);
    expect(reached("10%", 4)).toEqual([false, true, true, true, true]);
  });

  it("counts the failed workers of all runs of the maintenance", () => {
    const workers = [worker("set_aside"), worker("set_aside"), worker("waiting"), worker("done")];
    expect(mayBegin({ onFailure: "stop" }, workers)).toBe(false);
    expect(mayBegin({ onFailure: 3 }, workers)).toBe(true);
    expect(mayBegin({ onFailure: "50%" }, workers)).toBe(false);
    expect(["stop", 1, 2, "10%"].map((limit) => limitText(parseFailureLimit(String(limit)) ?? "stop"))).toEqual([
      "a worker fails",
      "1 worker fails",
      "2 workers fail",
      "10% of the workers fail",
    ]);
  });
});

describe("the phases of a worker", () => {
  it.each<[Partial<MaintenanceRequest>, readonly Phase[]]>([
    [{ command: "true" }, ["drain", "command", "start"]],
    [{ reboot: true }, ["drain", "reboot", "start"]],
    [{ command: "true", reboot: true }, ["drain", "command", "reboot", "start"]],
    [{ keepDrained: true }, ["drain"]],
    [{ keepDrained: true, reboot: true }, ["drain", "reboot"]],
  ])("with %j are %j", (given, phases) => {
    const request = { ...REQUEST, ...given };
    expect(phasesOf(request)).toEqual(phases);
    expect(phases.map((phase) => phaseAfter(request, phase))).toEqual([...phases.slice(1), undefined]);
    expect(phaseAfter(request, "start")).toBeUndefined();
  });
});

describe("the remaining work of maintenance", () => {
  const hosts = (found: readonly MaintainedWorker[]) => found.map(({ host, phase }) => `${host} ${phase}`);
  const of = (...workers: readonly MaintainedWorker[]) => {
    const { toContinue, toBegin } = remainingOf(workers);
    return [hosts(toContinue), hosts(toBegin)];
  };

  it("lists the workers that are out of service, with their phase, before the waiting workers", () => {
    const all = [worker("done"), worker("waiting"), worker("set_aside", "reboot"), worker("under_way", "command")];
    expect(of(...all, worker("aborted"))).toEqual([["set_aside reboot", "under_way command"], ["waiting drain"]]);
  });

  it("contains the start of drained workers only once nothing else remains", () => {
    expect(of(worker("drained", "reboot"), worker("waiting"))).toEqual([[], ["waiting drain"]]);
    expect(of(worker("drained", "reboot"), worker("done"))).toEqual([["drained start"], []]);
  });

  it("is empty once all workers are done or aborted", () => {
    expect(isOver([worker("done"), worker("aborted")])).toBe(true);
    for (const state of ["waiting", "under_way", "set_aside", "drained"] as const)
      expect(isOver([worker("done"), worker(state)])).toBe(false);
  });

  it("is printed as one sentence", () => {
    expect(progressText([worker("done"), worker("set_aside"), worker("waiting"), worker("waiting")])).toBe(
      "1 of 4 workers done, 1 set aside, 2 waiting",
    );
    expect(progressText([worker("done")])).toBe("1 of 1 worker done");
  });
});

it("only workers whose maintenance has begun and not ended are in maintenance", () => {
  const states = ["waiting", "under_way", "set_aside", "drained", "done", "aborted"] as const;
  expect(states.filter((state) => isInMaintenance({ state }))).toEqual(["under_way", "set_aside", "drained"]);
});
