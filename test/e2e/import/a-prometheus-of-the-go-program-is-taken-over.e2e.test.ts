import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";
import { GO_HOSTS, type GoBucket, goBucket } from "../../support/go-bucket/go-bucket.ts";
import { addPrometheusJob, PROMETHEUS_HOSTS } from "../../support/go-bucket/prometheus-job.ts";

const [A, B, C] = GO_HOSTS;
const ALERTS = "workspace/jobs/api/_prometheus/alerts/api.yaml";

let fleet: Fleet;
let bucket: GoBucket;

beforeAll(async () => {
  fleet = await startFleet({ count: 3, addresses: GO_HOSTS });
});

afterAll(() => fleet.close());

beforeEach(async () => {
  bucket = await goBucket(fleet);
  await addPrometheusJob(bucket);
});

afterEach(() => bucket.dispose());

/** All targets that have run on the workers since the last deploy of the Go program, as `job@host: line`. */
async function ran(): Promise<string[]> {
  const all = ["api", "web", "db", "prometheus"].flatMap((job) => GO_HOSTS.map((host) => ({ job, host })));
  const lines = await Promise.all(
    all.map(async ({ job, host }) => (await bucket.ran(job, host)).map((line) => `${job}@${host}: ${line}`)),
  );
  return lines.flat().sort();
}

async function run(...words: readonly string[]): Promise<string> {
  const ended = await bucket.maand(...words);
  expect(ended).toMatchObject({ code: 0 });
  return ended.stdout;
}

const onServer = (path: string) => bucket.worker(A).read(`${bucket.home}/jobs/prometheus/${path}`);

it("an import takes over a Prometheus with the files of the Go program, and restarts nothing", async () => {
  const before = await onServer("prometheus.yml");
  const imported = await run("import");
  expect(imported).toContain(`prometheus 2.53.0: promoted on ${A}, ${B}`);
  for (const kind of ["layout of YAML for Prometheus", "pages and alerts that maand creates for Prometheus"])
    expect(imported).toContain(kind);
  expect(imported).not.toContain("pending");
  expect(await run("deploy", "--dry-run", "--exit-code")).toContain("no deployment required");
  await run("deploy", "--build");
  expect(await ran()).toEqual([]);
  expect(await onServer("prometheus.yml")).toBe(before);
});

it("the first change of a scrape configuration reloads Prometheus and syncs its files in the format of maand", async () => {
  await run("import");
  bucket.write(
    "workspace/jobs/api/_prometheus/scrape.yaml",
    "- job_name: api\n  static_configs: [{ targets: [maand:port/api_http] }]\n",
  );
  await run("deploy", "--build");
  expect(await ran()).toEqual(PROMETHEUS_HOSTS.map((host) => `prometheus@${host}: reload 2.53.0 2.53.0`));
  expect(await onServer("prometheus.yml")).toContain(`${B}:30000`);
  expect(await onServer("rules/maand/certs.yaml")).toContain("MaandCertificateExpired");
  expect(bucket.worker(A).exists(`${bucket.home}/jobs/prometheus/consoles/runbooks/style.css`)).toBe(false);
});

it("an edit to an alert that was not deployed before an import is still pending afterwards", async () => {
  bucket.write(
    ALERTS,
    "groups: [{ name: api, rules: [{ alert: ApiDown, expr: up == 1, annotations: { runbook: down } }] }]\n",
  );
  const imported = await run("import");
  for (const host of PROMETHEUS_HOSTS)
    expect(imported).toContain(`pending as before: prometheus on ${host}: rules/api/api.yaml changed`);
  await run("deploy");
  expect(await ran()).toEqual(PROMETHEUS_HOSTS.map((host) => `prometheus@${host}: reload 2.53.0 2.53.0`));
});

it("an import lists the diff of rules whose fields the Go program omitted, and takes them over with --accept", async () => {
  const kept = "keep_firing_for: 1h";
  const text = `groups: [{ name: api, rules: [{ alert: ApiDown, expr: 'up{job="api"} == 0', for: 5m, ${kept}, labels: { severity: page }, annotations: { summary: "{{ $labels.instance }} is down", runbook: down } }] }]\n`;
  bucket.write(ALERTS, text);
  const { code, stdout } = await bucket.maand("import");
  expect(code).toBe(2);
  expect(stdout).toContain(`prometheus on ${A}: rules/api/api.yaml: the Go program omitted fields of its rules`);
  expect(stdout).toContain(kept);
  await run("import", "--accept");
  expect(await run("deploy", "--dry-run", "--exit-code")).toContain("no deployment required");
  expect(await ran()).toEqual([]);
});

it("an import takes over a Prometheus on a worker that is down, and the next import compares its files", async () => {
  await bucket.worker(B).cutOff();
  const { code, stdout } = await bucket.maand("import");
  expect(code).toBe(1);
  expect(stdout).toContain(`later: ${B}`);
  await bucket.worker(B).start();
  expect(await run("import")).toContain("imported; no job was restarted");
  expect(await run("deploy", "--dry-run", "--exit-code")).toContain("no deployment required");
  expect(await ran()).toEqual([]);
  expect(bucket.worker(C).exists(`${bucket.home}/jobs/prometheus`)).toBe(false);
});
