import type { MaandEvent } from "@maand/core";
import {
  type At,
  actionFinished,
  actionStarted,
  batch,
  eventsOf,
  jobStarted,
  staged,
  started,
  workers,
} from "./events.test.support.ts";

/** A moment of a run: the events so far, and the time in seconds. */
export interface Scene {
  readonly events: readonly MaandEvent[];
  readonly seconds: number;
}

const TRACEBACK = [
  "Traceback (most recent call last):",
  '  File "command_migrate.py", line 4, in <module>',
  "    connect(dsn)",
  "ConnectionError: \u001b[31mdatabase 接続 refused\u001b[0m\u0007",
];

/** Three jobs on four workers: one is done, one is in its second batch, and one waits for its files. */
export function firstDeploy(): Scene {
  const hosts = workers(4);
  const events = eventsOf((at) => {
    started(at);
    at(0, "wave.started", { deployment_seq: 0, jobs: ["database"] });
    staged(at, 1, hosts, ["database"]);
    jobStarted(at, 2, "database", 4, 1);
    batch(at, 2, "database", 0, 1, hosts);
    for (const host of hosts) actionStarted(at, 2, "start", "database", host);
    for (const host of hosts) actionFinished(at, 4, "start", "database", host);
    at(4, "batch.promoted", { job: "database", index: 0, count: 1, workers: hosts });
    at(5, "job.finished", { job: "database", outcome: "ok", message: null, duration_ms: 3000 });
    at(5, "wave.started", { deployment_seq: 1, jobs: ["api", "web"] });
    staged(at, 5, hosts, ["api", "web"], 1);
    jobStarted(at, 6, "api", 4, 2);
    batch(at, 6, "api", 0, 2, hosts.slice(0, 2));
    for (const host of hosts.slice(0, 2)) actionStarted(at, 6, "start", "api", host);
    for (const host of hosts.slice(0, 2)) actionFinished(at, 8, "start", "api", host);
    at(8, "health.started", { job: "api" });
    at(9, "output", {
      line: "waiting for api to be healthy (attempt 2/30): 10.0.0.2 http :8080: connection refused",
      stream: "stdout",
      worker: null,
      job: "api",
    });
  });
  return { events, seconds: 12 };
}

/** The second of two batches fails on both of its workers, for the same reason; a job that depends on it is blocked. */
export function failingBatch(): Scene {
  const hosts = workers(4);
  const events = eventsOf((at) => {
    started(at);
    at(0, "wave.started", { deployment_seq: 0, jobs: ["api", "cache"] });
    staged(at, 0, hosts, ["api", "cache"]);
    jobStarted(at, 2, "api", 4, 2);
    jobStarted(at, 2, "cache", 4, 4);
    batch(at, 2, "api", 0, 2, hosts.slice(0, 2));
    for (const host of hosts.slice(0, 2)) actionStarted(at, 2, "restart", "api", host);
    for (const host of hosts.slice(0, 2)) actionFinished(at, 3, "restart", "api", host);
    batch(at, 3, "api", 1, 2, hosts.slice(2));
    for (const host of hosts.slice(2)) actionStarted(at, 3, "restart", "api", host);
    for (const host of hosts.slice(2)) failing(at, 5, host);
    at(5, "job.finished", { job: "api", outcome: "failed", message: "2 failed", duration_ms: 3000 });
    batch(at, 5, "cache", 1, 4, hosts.slice(1, 2));
    actionStarted(at, 5, "reload", "cache", "10.0.0.2");
    at(6, "job.blocked", { job: "web", by: "api" });
    at(6, "warning", { code: "SLOW", message: "10.0.0.4 has 3% of its disk left", worker: "10.0.0.4", job: null });
  });
  return { events, seconds: 7 };
}

function failing(at: At, seconds: number, worker: string): void {
  const message = `make restart of api on ${worker} failed with exit code 2`;
  actionFinished(at, seconds, "restart", "api", worker, { message, output: TRACEBACK });
}

/** One of three workers prints nothing for a minute. */
export function hangingWorker(): Scene {
  const hosts = workers(3);
  const events = eventsOf((at) => {
    started(at);
    at(0, "wave.started", { deployment_seq: 0, jobs: ["api"] });
    staged(at, 0, hosts, ["api"]);
    jobStarted(at, 1, "api", 3, 1);
    batch(at, 1, "api", 0, 1, hosts);
    for (const host of hosts) actionStarted(at, 1, "restart", "api", host);
    at(2, "output", { line: "migrating 3 of 12", stream: "stdout", worker: "10.0.0.2", job: "api" });
    actionFinished(at, 3, "restart", "api", "10.0.0.1");
    actionFinished(at, 3, "restart", "api", "10.0.0.3");
    at(62, "tap.waiting", {
      ...{ plugin: "make", hook: "rollout", units: ["api@10.0.0.2"] },
      ...{ waited_ms: 60_000, limit_ms: 900_000, stopping: false },
    });
  });
  return { events, seconds: 65 };
}

/** 300 workers with 12 jobs: the files have arrived, and the first job restarts everywhere at the same time. */
export function manyWorkers(): Scene {
  const hosts = workers(300);
  const jobs = Array.from({ length: 12 }, (_, at) => `service-${at + 1}`);
  const events = eventsOf((at) => {
    started(at);
    at(0, "wave.started", { deployment_seq: 0, jobs });
    staged(at, 0, hosts, jobs);
    for (const job of jobs.slice(0, 4)) {
      jobStarted(at, 5, job, 300, 3);
      batch(at, 5, job, 0, 3, hosts.slice(0, 100));
      for (const host of hosts.slice(0, 100)) actionStarted(at, 6, "restart", job, host);
    }
    for (const job of jobs.slice(0, 3))
      for (const host of hosts.slice(0, 60)) actionFinished(at, 8, "restart", job, host);
    for (const host of hosts.slice(60, 90)) {
      const message = `make restart of service-2 on ${host} failed with exit code 2`;
      actionFinished(at, 9, "restart", "service-2", host, { message, output: ["port 8080 is in use"] });
    }
    for (const [at_, host] of hosts.slice(90, 98).entries()) {
      const message = `make restart of service-2 on ${host} failed with exit code ${at_ + 10}`;
      actionFinished(at, 9, "restart", "service-2", host, { message, output: [`code ${at_ + 10}`] });
    }
  });
  return { events, seconds: 10 };
}
