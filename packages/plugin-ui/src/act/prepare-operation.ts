import { plural } from "@maand/command";
import { isSameProcess, lockHolder, openMaintenance, openRollouts, type Store } from "@maand/core/readonly";
import type { ActionRequest } from "../contract.ts";
import { unknown, wrong } from "../server/query.ts";
import { Refused } from "../server/refused.ts";
import { named, type Prepared } from "./prepared.ts";

/** The maximum number of workers that maintenance handles in parallel. */
const MOST_AT_ONCE = 100;

type Pause = Extract<ActionRequest, { verb: "pause" }>;
type Maintain = Extract<ActionRequest, { verb: "maintain" }>;

/** Prepares to interrupt the running command, or to end the pause of a staged rollout. */
export function preparePause(store: Store, request: Pause): Prepared {
  return request.action === "interrupt" ? interrupt(store) : rollout(store, request.action, request.job);
}

/**
 * Interrupts like Ctrl-C in the terminal of the command: work on workers stops, state is saved, and the next deploy
 * continues.
 */
function interrupt(store: Store): Prepared {
  const holder = lockHolder(store.holder);
  if (!holder) throw new Refused(409, "NOT_PERMITTED", "there is no running command to interrupt", null);
  if (!isSameProcess(holder))
    throw new Refused(
      409,
      "NOT_PERMITTED",
      `maand ${holder.command} is running on ${holder.machine ?? "another machine"}, which this web UI cannot reach`,
      "press Ctrl-C in its terminal",
    );
  return {
    text: `interrupt maand ${holder.command}, which has been running since ${holder.since}`,
    items: ["commands that run on workers end first", "the next deploy continues where it stopped"],
    command: ["kill", "-INT", String(holder.pid)],
    start: { interrupts: holder.pid },
  };
}

function rollout(store: Store, action: "resume" | "abort", job: string): Prepared {
  const [open] = openRollouts(store, [job]);
  if (!open) throw unknown("open rollout of job", job);
  const { release, previous, released, waiting, step, steps } = open;
  const argv = ["rollout", action, job];
  const at = `step ${step} of ${steps.length}`;
  return {
    text:
      action === "resume"
        ? `resume the rollout of ${job} ${release} at ${at}: it does not run on ${plural(waiting.length, "worker")} yet`
        : `abort the rollout of ${job} ${release} at ${at}: ${plural(released.length, "worker goes", "workers go")} back to ${previous ?? "what ran before"}`,
    items: [named(action === "resume" ? waiting : released)].filter((line) => line !== ""),
    command: argv,
    start: { argv: [...argv, "--json"] },
  };
}

/** Prepares to drain and reboot workers, or to resume or abort maintenance. */
export function prepareMaintain(store: Store, request: Maintain): Prepared {
  return request.action === "begin" ? begin(store, request) : proceed(store, request.action);
}

function begin(store: Store, request: Extract<Maintain, { action: "begin" }>): Prepared {
  const { workers, reboot, keep_drained: keepDrained, concurrency = 1 } = request;
  const { workers: known, allocations } = store.catalog.read();
  const missing = workers.find((host) => !known.some((one) => one.host === host));
  if (missing !== undefined) throw unknown("worker", missing);
  if (workers.length === 0) throw wrong("workers must name at least one worker");
  if (!reboot && !keepDrained) throw wrong("there is nothing to do: set reboot or keep_drained");
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MOST_AT_ONCE)
    throw wrong(`concurrency must be a whole number from 1 to ${MOST_AT_ONCE}`);
  const there = allocations.filter((one) => !one.removed && !one.disabled && workers.includes(one.host));
  const pace =
    workers.length === 1 ? "" : concurrency === 1 ? ", one after another" : `, up to ${concurrency} at a time`;
  const after = [...(reboot ? ["reboots it"] : []), keepDrained ? "leaves it drained" : "starts its jobs again"];
  const command = [
    ...["maintain", "--workers", workers.join(",")],
    ...(reboot ? ["--reboot"] : []),
    ...(keepDrained ? ["--keep-drained"] : []),
    ...(concurrency === 1 ? [] : ["--concurrency", String(concurrency)]),
  ];
  return {
    text: `drain ${plural(workers.length, "worker")}${pace}: ${named(workers)}`,
    items: [`on each it stops the jobs, ${plural(there.length, "allocation")} in all, and then ${after.join(" and ")}`],
    command,
    start: { argv: [...command, "--yes", "--json"] },
  };
}

function proceed(store: Store, action: "resume" | "abort"): Prepared {
  const open = openMaintenance(store);
  if (!open) throw new Refused(409, "NOT_PERMITTED", "no maintenance is in progress", null);
  const hosts = open.workers.filter(({ state }) => state !== "done" && state !== "aborted").map(({ host }) => host);
  const argv = ["maintain", action];
  return {
    text:
      action === "resume"
        ? `resume maintenance ${open.number}: ${plural(hosts.length, "worker")} left`
        : `abort maintenance ${open.number}: start what it stopped, and leave out ${plural(hosts.length, "worker")}`,
    items: [named(hosts)].filter((line) => line !== ""),
    command: argv,
    start: { argv: [...argv, "--json"] },
  };
}
