import { connect, createServer, type Server } from "node:net";
import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { type Fleet, withFleet } from "../support/fleet/index.ts";
import { channelsOf, must } from "./on-fleet.ts";
import { type Measured, median, tableOf } from "./table.ts";

const RUNS = 5;

/**
 * `run_command uptime` on `count` workers at the same time, compared with one connection and one channel for each
 * worker; both run in turns. Also the health checks of ten jobs on each worker, compared with their bare connections.
 */
export async function operate(count = 64, jobs = 10): Promise<void> {
  await withFleet({ count }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      await must(bucket, "build");
      const bare: number[] = [];
      const typed: number[] = [];
      for (let run = 0; run <= RUNS; run += 1) {
        const baseline = await channelsOf(fleet, "uptime");
        const took = await must(bucket, "run_command", "uptime", "-c", String(count), "-q");
        if (run > 0) bare.push(baseline) && typed.push(took);
      }
      const start = await Promise.all([must(bucket, "plugins")]);
      const ratio = (median(typed) / median(bare)).toFixed(2);
      const rows: Measured[] = [
        { name: `baseline: connect ${count} workers, one channel each`, ms: bare },
        { name: "run_command uptime, the whole process", ms: typed, note: `${ratio} x baseline` },
        { name: "maand plugins: a process that loads everything and does nothing", ms: start },
        ...(await healths(bucket, fleet, jobs)),
      ];
      console.log(tableOf(rows));
    } finally {
      bucket.dispose();
    }
  });
}

/**
 * One service represents each job on all workers. The service accepts connections and sends nothing, so that only the
 * checks are measured.
 */
async function healths(bucket: Scratch, fleet: Fleet, jobs: number): Promise<Measured[]> {
  const servers = Array.from({ length: jobs }, () => createServer((socket) => socket.end()));
  const ports = await Promise.all(servers.map(listening));
  for (const [at, port] of ports.entries())
    bucket.job(`job${at}`, {
      selectors: ["worker"],
      resources: { ports: { [`port_${at}`]: port } },
      health_check: { checks: [{ type: "tcp", port: `port_${at}` }] },
    });
  try {
    await must(bucket, "build");
    const targets = fleet.workers.flatMap(({ host }) => ports.map((port) => ({ host, port })));
    const began = performance.now();
    await Promise.all(targets.map(({ host, port }) => connectOnce(host, port)));
    const baseline = performance.now() - began;
    const took: number[] = [];
    for (let run = 0; run < 3; run += 1) took.push(await must(bucket, "health_check", "-q"));
    return [
      { name: `baseline: ${targets.length} tcp probes`, ms: [baseline] },
      { name: `health_check of ${targets.length} allocations on ${fleet.workers.length} workers`, ms: took },
    ];
  } finally {
    for (const server of servers) server.close();
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen({ port: 0, host: "0.0.0.0", backlog: 1024 }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    }),
  );
}

function connectOnce(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}
