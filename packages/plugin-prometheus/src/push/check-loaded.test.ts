import { createServer } from "node:http";
import { afterEach, expect, it } from "vitest";
import { checkLoaded } from "./check-loaded.ts";

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

const OWN = { file: "/etc/prometheus/own.yaml" };
const groups = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ file: `/opt/jobs/p/rules/web/${at}.yaml` }));

/** A server whose responses contain these numbers of groups; the last response repeats. */
async function aServer(...counts: readonly number[]) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    const count = counts[Math.min(asked, counts.length) - 1] ?? 0;
    response.end(JSON.stringify({ status: "success", data: { groups: [OWN, ...groups(count)] } }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  ending.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { host: "127.0.0.1", origin: `http://127.0.0.1:${port}`, asked: () => asked };
}

const check = (server: { readonly host: string; readonly origin: string }) =>
  checkLoaded({ ca: [], ...server }, 3, { pausesMs: [1, 1], totalMs: 20_000 }, new AbortController().signal);

it("a server that runs all rule groups after a second probe is not reported", async () => {
  const server = await aServer(1, 3);
  expect(await check(server)).toBeUndefined();
  expect(server.asked()).toBe(2);
});

it("a server that runs fewer rule groups is reported with both numbers", async () => {
  const server = await aServer(1);
  expect(await check(server)).toBe(
    `${server.origin} runs 1 of 3 rule groups: it did not reload, or it rejected its configuration; see its log`,
  );
  expect(server.asked()).toBe(3);
});

it("a server that cannot be reached is not reported", async () => {
  expect(await check({ host: "127.0.0.1", origin: "http://127.0.0.1:1" })).toBeUndefined();
});
