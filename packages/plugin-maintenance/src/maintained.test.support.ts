import type { Plugin } from "@maand/core";
import type { OpenedBucket } from "@maand/core/internal";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { expect } from "vitest";
import type { MaintenanceReport } from "./conduct.ts";
import { abortMaintenance, type MaintenanceOptions, resumeMaintenance, startMaintenance } from "./maintain.ts";

export const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
export const COMMAND = "the command of the maintenance";
export const SHUTDOWN = "shutdown -r now";
/** The operations on each worker during maintenance with a command and a reboot. */
export const IN_ORDER = ["stop api", "stop db", COMMAND, SHUTDOWN, "start db", "start api"];

const DEMANDS = { job: "db", command: "command_ready" };
const JOBS = {
  db: { version: "1.0.0", selectors: ["worker"], commands: { command_ready: { executed_on: ["cli"] } } },
  api: {
    version: "1.0.0",
    selectors: ["worker"],
    commands: { command_wait: { executed_on: ["cli"], demands: DEMANDS } },
  },
};

const USUAL = {
  reboot: false,
  keepDrained: false,
  concurrency: 1,
  onFailure: "stop",
  returnMs: 0,
  commandMs: 1000,
} as const;

/** A bucket with three fake workers and two deployed jobs, one of which depends on the other. */
export interface MaintainedBucket {
  readonly bucket: TestBucket;
  /** Interrupts the command that runs. */
  interrupt(): void;
  opened<T>(work: (open: OpenedBucket) => Promise<T>): Promise<T>;
  maintain(request?: Partial<MaintenanceOptions["request"]>, workers?: readonly string[]): Promise<MaintenanceReport>;
  resume(): Promise<MaintenanceReport>;
  abort(): Promise<MaintenanceReport>;
  /** Deploys the jobs with a budget that differs from the size of an upgrade batch, which is one. */
  mayBeAway(max_unavailable: number): Promise<void>;
  /** The operations on one worker, in order, without its host. */
  doneOn(host: string): string[];
}

export async function aMaintainedBucket(
  options: { readonly plugins?: readonly Plugin[]; readonly now?: () => Date } = {},
): Promise<MaintainedBucket> {
  let stop = new AbortController();
  const bucket = aBucket({
    ...options,
    get signal() {
      if (stop.signal.aborted) stop = new AbortController();
      return stop.signal;
    },
  });
  const opened: MaintainedBucket["opened"] = async (work) => {
    const open = await bucket.open();
    return work(open).finally(() => open.close());
  };
  const ship = async (more: object) => {
    for (const [name, manifest] of Object.entries(JOBS)) bucket.job(name, { ...manifest, ...more });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    bucket.fleet.done.length = 0;
    bucket.events.length = 0;
  };
  bucket.workers(...HOSTS.map((host) => ({ host, labels: ["web"] })));
  await ship({});
  return {
    bucket,
    opened,
    interrupt: () => stop.abort(),
    maintain(request = { reboot: true }, workers = HOSTS) {
      const given = { workers, flag: "--workers", request: { ...USUAL, ...request }, ignoreBudget: false };
      return opened((open) => startMaintenance(open, given));
    },
    resume: () => opened((open) => resumeMaintenance(open, { ignoreBudget: false })),
    abort: () => opened(abortMaintenance),
    mayBeAway: (max_unavailable) => ship({ max_unavailable }),
    doneOn: (host) =>
      bucket.fleet.done.filter((what) => what.endsWith(host)).map((what) => what.slice(0, -host.length - 1)),
  };
}

/** The phases of the workers in maintenance. */
export function states({ workers }: MaintenanceReport): string[] {
  return workers.map(({ state }) => state);
}

/** All allocations, all running. */
export const ALL_RUN = Object.fromEntries(
  HOSTS.flatMap((host) => ["api", "db"].map((job) => [`${job}@${host}`, "1.0.0"])),
);
