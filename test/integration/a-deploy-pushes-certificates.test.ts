import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { certs } from "@maand/plugin-certs";
import { prometheus } from "@maand/plugin-prometheus";
import { templates } from "@maand/plugin-templates";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ReadSeries, readWriteRequest } from "../support/read-write-request.ts";

const HOST = "127.0.0.83";
const DAY = 86_400_000;

let now: Date;
let bucket: TestBucket;
let received: ReadSeries[][];
let status: number;
let close: () => void;

beforeEach(async () => {
  now = new Date(Math.floor(Date.now() / 1000) * 1000);
  received = [];
  status = 204;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (request.method === "POST") received.push(readWriteRequest(body));
    response.writeHead(request.method === "POST" ? status : 404).end();
  });
  await new Promise<void>((listening) => server.listen(0, HOST, listening));
  close = () => server.close().closeAllConnections();
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const plugins = [templates(), certs({ caKey: "ecdsa-p256" }), prometheus({ promtool: "no-promtool-here" })];
  bucket = aBucket({ now: () => now, plugins });
  bucket.workers(HOST);
  bucket.job(
    "prometheus",
    { selectors: ["worker"], resources: { ports: { prometheus_port_http: port } } },
    { "prometheus.yml.tpl": "{{ruleFiles}}\nscrape_configs:{{scrapeConfigs}}\n" },
  );
  bucket.job("web", { selectors: ["worker"], certs: { tls: {} } });
});

afterEach(() => {
  close();
  bucket.dispose();
});

/** The values of a metric in the last push, by certificate and status. */
function last(metric: string): Record<string, number> {
  const series = (received.at(-1) ?? []).filter(({ labels }) => labels.__name__ === `maand_cert_${metric}`);
  return Object.fromEntries(series.map(({ labels, value }) => [`${labels.cert} ${labels.status}`, value]));
}

it("a deploy pushes the remaining days of each certificate, and whether it is expiring", async () => {
  await bucket.ship();
  expect(last("days_left")).toEqual({ "ca ok": 3650, "tls ok": 60 });
  expect(last("expiring")).toEqual({ "ca ok": 0, "tls ok": 0 });
  const [series] = received[0]?.filter(({ labels }) => labels.cert === "tls") ?? [];
  expect(series).toMatchObject({
    timestamp: now.getTime(),
    labels: { scope: "job", job: "web", worker: HOST, common_name: "web", status: "ok" },
  });
  now = new Date(now.getTime() + 50 * DAY);
  await bucket.deploy();
  expect(last("days_left")).toEqual({ "ca ok": 3600, "tls expiring": 10 });
  expect(last("expiring")).toEqual({ "ca ok": 0, "tls expiring": 1 });
});

it("a renewed certificate counts as renewed only after it is deployed", async () => {
  await bucket.ship();
  now = new Date(now.getTime() + 50 * DAY);
  await bucket.build();
  bucket.fleet.fail(`stage ${HOST}`);
  await bucket.deploy();
  expect(last("days_left")).toMatchObject({ "tls expiring": 10 });
  bucket.fleet.repair();
  await bucket.deploy();
  expect(last("days_left")).toMatchObject({ "tls ok": 60 });
});

it("a deploy succeeds with a warning if the push fails", async () => {
  status = 400;
  const { outcome, warnings } = await bucket.ship();
  expect(outcome).toBe("ok");
  expect(warnings).toEqual([
    expect.stringMatching(/^the validity of certificates could not be pushed to .*: status 400$/),
  ]);
  expect(received).toHaveLength(1);
});

it("a build pushes the metrics of the certificates on the workers again", async () => {
  await bucket.ship();
  expect(received).toHaveLength(1);
  now = new Date(now.getTime() + 50 * DAY);
  await bucket.build();
  expect(received).toHaveLength(2);
  expect(last("days_left")).toEqual({ "ca ok": 3600, "tls expiring": 10 });
});

it("a build succeeds with one warning if the push fails", async () => {
  await bucket.ship();
  status = 503;
  const warned = () => bucket.events.filter(({ type }) => type === "warning");
  const before = warned().length;
  await bucket.build();
  expect(warned().slice(before)).toMatchObject([
    {
      code: "hook_failed",
      message: expect.stringMatching(/^the validity of certificates could not be pushed .*: status 503$/),
    },
  ]);
  expect(received).toHaveLength(2);
});

it("a build pushes nothing before the Prometheus server is deployed", async () => {
  await bucket.build();
  expect(received).toEqual([]);
});
