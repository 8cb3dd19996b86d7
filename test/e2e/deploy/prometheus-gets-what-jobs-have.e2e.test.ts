import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { LOGIN, monitoredNode, prometheusServer, secureServer } from "../../support/bucket/prometheus-jobs.ts";
import { run as runCommand } from "../../support/fleet/command.ts";
import { freePort } from "../../support/fleet/range.ts";
import { until } from "../../support/fleet/until.ts";

const CHROMIUM = "/usr/bin/chromium";
const here = existsSync("/usr/bin/prometheus") && existsSync(CHROMIUM);

it(
  "a real Prometheus scrapes three workers, fires alerts, has certificate metrics and serves runbooks",
  { skip: !here },
  () =>
    withFleetBucket({ count: 3 }, async (fixture) => {
      const { bucket, fleet, hosts } = fixture;
      const [first = ""] = hosts;
      const [metrics, port] = [await freePort(first), await freePort(first)];
      const server = new URL(`http://${first}:${port}`);
      bucket.workers(...fleet.workersJson().map((worker, at) => (at === 0 ? { ...worker, labels: ["mon"] } : worker)));
      bucket.job("node", ...monitoredNode(metrics));
      bucket.job("prometheus", ...prometheusServer(port));
      try {
        const deployed = await bucket.maand("deploy", "--build");
        expect(deployed).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/warning|could not be pushed/) });
        await scrapesAllWorkers(server, hosts, metrics);
        await firesAlerts(server, hosts);
        await knowsCertificates(server, hosts);
        await expectAcceptedByPromtool(fixture);
        await servesRunbooks(server);
        await reloadsForAnotherJob(fixture, server);
      } finally {
        for (const job of ["prometheus", "node"]) await bucket.maand("job", "stop", job);
      }
    }),
);

it("a Prometheus with TLS and a login gets certificate metrics, and links runbooks with https", { skip: !here }, () =>
  withFleetBucket({ count: 1 }, async ({ bucket, fleet, hosts: [host = ""], workers: [worker], directory }) => {
    const [metrics, port] = [await freePort(host), await freePort(host)];
    bucket.workers(...fleet.workersJson().map((one) => ({ ...one, labels: ["mon"] })));
    bucket.job("node", ...monitoredNode(metrics));
    bucket.job("prometheus", ...secureServer(port));
    const origin = `https://${host}:${port}`;
    const pushed = async () => {
      const login = ["--user", `${LOGIN.user}:${LOGIN.password}`, "--cacert", join(bucket.root, "secrets/ca.crt")];
      const query = `${origin}/api/v1/query?query=max(count_over_time(maand_cert_expired[1h]))`;
      const { stdout } = await runCommand(["curl", "-sS", "--globoff", "--noproxy", "*", ...login, query]);
      const answer: { data: Query } = JSON.parse(stdout);
      return Number(answer.data.result[0]?.value[1] ?? 0);
    };
    try {
      for (const [at, words] of [["deploy", "--build"], ["build"]].entries()) {
        const done = await bucket.maand(...words);
        expect(done).toMatchObject({ code: 0, stderr: expect.not.stringContaining("could not be pushed") });
        expect(await pushed()).toBe(at + 1);
      }
      const rules = await worker?.read(`${directory("prometheus")}/rules/node/node.yaml`);
      expect(rules).toContain(`runbook_url: ${origin}/consoles/runbooks/node/up.html`);
    } finally {
      for (const job of ["prometheus", "node"]) await bucket.maand("job", "stop", job);
    }
  }),
);

/** Requests a path of the server's API. */
async function ask<T>(server: URL, path: string): Promise<T> {
  const response = await fetch(new URL(`/api/v1/${path}`, server));
  return JSON.parse(await response.text()).data;
}

interface Targets {
  readonly activeTargets: readonly { readonly labels: Readonly<Record<string, string>>; readonly health: string }[];
}

async function scrapesAllWorkers(server: URL, hosts: readonly string[], port: number): Promise<void> {
  const up = async () => {
    const { activeTargets } = await ask<Targets>(server, "targets");
    const all = activeTargets.length === hosts.length && activeTargets.every(({ health }) => health === "up");
    return all ? activeTargets : undefined;
  };
  const targets = await until("three targets that are up", up, 30_000);
  expect(targets.map(({ labels }) => labels.instance).sort()).toEqual(hosts.map((host) => `${host}:${port}`).sort());
  expect(new Set(targets.map(({ labels }) => `${labels.job} of ${labels.team}`))).toEqual(new Set(["node of node"]));
}

interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly file: string;
    readonly interval: number;
    readonly limit: number;
    readonly rules: readonly {
      readonly name: string;
      readonly state?: string;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly alerts?: readonly object[];
      readonly health: string;
    }[];
  }[];
}

async function firesAlerts(server: URL, hosts: readonly string[]): Promise<void> {
  const firing = async () => {
    const { groups } = await ask<Rules>(server, "rules");
    const alert = groups.flatMap(({ rules }) => rules).find(({ name }) => name === "NodeIsUp");
    return alert?.state === "firing" && alert.alerts?.length === hosts.length ? groups : undefined;
  };
  const groups = await until("an alert for each worker", firing, 30_000);
  expect(groups.map(({ name, interval, limit }) => [name, interval, limit])).toEqual([
    ["maand_certs", 1, 0],
    ["deep", 1, 0],
    ["node", 2, 50],
  ]);
  const alert = groups.flatMap(({ rules }) => rules).find(({ name }) => name === "NodeIsUp");
  expect(alert?.annotations).toEqual({
    summary: "{{ $labels.instance }} is up",
    runbook_url: `${server.origin}/consoles/runbooks/node/up.html`,
  });
  const fine = () =>
    ask<Rules>(server, "rules").then(({ groups: all }) =>
      all.flatMap(({ rules }) => rules).every(({ health }) => health === "ok"),
    );
  await until("all rules evaluated without an error", fine, 30_000);
}

interface Query {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
}

async function query(server: URL, expression: string): Promise<Query["result"]> {
  return (await ask<Query>(server, `query?query=${encodeURIComponent(expression)}`)).result;
}

async function knowsCertificates(server: URL, hosts: readonly string[]): Promise<void> {
  const days = await query(server, "round(maand_cert_days_left)");
  expect(
    days
      .map(({ metric: { scope, job, worker, cert, status }, value }) => [scope, job, worker, cert, status, value[1]])
      .sort(),
  ).toEqual(
    [
      ["ca", undefined, undefined, "ca", "ok", "3650"],
      ...hosts.map((host) => ["job", "node", host, "web", "ok", "60"]),
    ].sort(),
  );
  const alerts = await query(server, 'ALERTS{alertname=~"Maand.*"}');
  expect(alerts).toEqual([]);
}

async function expectAcceptedByPromtool({ directory, workers: [first] }: FleetBucket): Promise<void> {
  const checked = await first?.run(["promtool", "check", "config", `${directory("prometheus")}/prometheus.yml`]);
  expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining("SUCCESS") });
}

/** Opens the pages in a browser, in light and in dark mode. */
async function servesRunbooks(server: URL): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    await readsRunbook(await browser.newPage({ colorScheme: "light" }), server, "rgb(255, 255, 255)");
    await readsRunbook(await browser.newPage({ colorScheme: "dark" }), server, "rgb(13, 17, 23)");
    const page = await browser.newPage();
    await page.goto(new URL("/consoles/dashboards/index.html", server).href);
    expect(await page.getByRole("link").allTextContents()).toEqual(["Nodes & more"]);
    await page.getByRole("link").click();
    expect(await page.locator("p").textContent()).toBe("3 up");
  } finally {
    await browser.close();
  }
}

/** Opens a runbook from the index, and checks its content and colours, errors, and requests to other servers. */
async function readsRunbook(page: Page, server: URL, background: string): Promise<void> {
  const errors: string[] = [];
  page.on("console", (message) => errors.push(message.text()));
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("request", (request) => {
    if (!request.url().startsWith(server.origin) && !request.url().startsWith("data:")) errors.push(request.url());
  });
  await page.goto(new URL("/consoles/runbooks/index.html", server).href);
  await page.getByRole("link", { name: "up" }).click();
  await page.waitForURL("**/node/up.html");
  expect(await page.title()).toBe("node / up");
  expect(await page.locator("code").first().textContent()).toBe("{{ $labels.instance }}");
  expect(await page.locator("table td").allTextContents()).toEqual(["restart", "make restart"]);
  expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe(background);
  expect(await page.evaluate("getComputedStyle(document.body).fontFamily")).toContain("system-ui");
  await page.getByRole("link", { name: "Runbooks" }).click();
  await page.waitForURL("**/runbooks/index.html");
  expect(errors).toEqual([]);
}

/** Checks that a changed scrape configuration of one job reloads only Prometheus. */
async function reloadsForAnotherJob({ bucket, lifecycles }: FleetBucket, server: URL): Promise<void> {
  const before = await lifecycles("node");
  const scrape = "workspace/jobs/node/_prometheus/scrape.yaml";
  bucket.write(scrape, bucket.read(scrape).replace("team: maand:job", "team: another"));
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  expect(await lifecycles("node")).toEqual(before);
  const [lines] = await lifecycles("prometheus");
  expect(lines).toEqual(["start", "reload"]);
  const changed = async () =>
    (await ask<Targets>(server, "targets")).activeTargets.every(({ labels }) => labels.team === "another");
  await until("the new label", changed, 30_000);
}
