import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { GO_HOSTS, type GoBucket } from "./go-bucket.ts";

const require = createRequire(new URL("../../../packages/core/package.json", import.meta.url));
const Sqlite: typeof import("better-sqlite3") = require("better-sqlite3");

/** The workers of the job `prometheus`, which are the workers of `api`. */
export const PROMETHEUS_HOSTS = GO_HOSTS.slice(0, 2);

const VERSION = "2.53.0";
const PORT = 30001;

const ALERTS = `groups:
  - name: api
    rules:
      - alert: ApiDown
        expr: up{job="api"} == 0
        for: 5m
        labels: { severity: page }
        annotations:
          summary: "{{ $labels.instance }} is down"
          runbook: down
`;
const RECORDS =
  "groups:\n  - name: records\n    interval: 1m\n    rules:\n      - { record: api:up:sum, expr: sum(up) }\n";
const SCRAPE = `- job_name: maand:job
  static_configs:
    - targets: [maand:port/api_admin]
      labels: { team: maand:job }
`;
const TEMPLATE = `global:
  scrape_interval: 15s
{{ ruleFiles }}
scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ['{{ .WorkerIP }}:${PORT}']
{{ scrapeConfigs }}
`;
const DASHBOARD = "<html><head><title>Api</title></head><body><p>api</p></body></html>\n";

/** The files of the workspace by path. */
const WORKSPACE: Readonly<Record<string, string>> = {
  "prometheus/manifest.json": JSON.stringify({
    version: VERSION,
    selectors: ["api"],
    restart_policy: "reload",
    resources: { ports: { prometheus_port_http: {} } },
  }),
  "prometheus/prometheus.yml.tpl": TEMPLATE,
  "api/_prometheus/scrape.yaml": SCRAPE,
  "api/_prometheus/alerts/api.yaml": ALERTS,
  "api/_prometheus/alerts/records.yml": RECORDS,
  "api/_prometheus/runbooks/down.md": "# Api is down\n\nStart it.\n",
  "api/_prometheus/dashboards/overview.html": DASHBOARD,
};

/**
 * The files that the Go program renders for a worker. They have the format of yaml.v3, which indents lists, sorts keys
 * and writes empty fields.
 */
function rendered(host: string): Record<string, string> {
  const targets = PROMETHEUS_HOSTS.map((worker) => `            - ${worker}:9901`).join("\n");
  const page = (title: string, body: string) =>
    `<!DOCTYPE html>\n<html><head><title>${title}</title><link rel="stylesheet" href="style.css"></head><body>${body}</body></html>\n`;
  return {
    "prometheus.yml": `global:
  scrape_interval: 15s
rule_files:
  - rules/maand/certs.yaml
  - rules/api/api.yaml
  - rules/api/records.yml

scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ['${host}:${PORT}']

  - job_name: api
    static_configs:
        - labels:
            team: api
          targets:
${targets}
`,
    "rules/maand/certs.yaml":
      "groups:\n  - name: maand_certs\n    rules:\n      - alert: maand cert expired\n        expr: maand_cert_expired == 1\n        for: 5m\n",
    "rules/api/api.yaml": `groups:
    - name: api
      rules:
        - alert: ApiDown
          record: ""
          expr: up{job="api"} == 0
          for: 5m
          labels:
            severity: page
          annotations:
            runbook_url: http://${host}:${PORT}/consoles/runbooks/api/down.html
            summary: '{{ $labels.instance }} is down'
`,
    "rules/api/records.yml": RECORDS,
    "consoles/runbooks/style.css": "body { margin: 0 }\n",
    "consoles/runbooks/index.html": page("Runbooks", '<a href="api/down.html">down</a>'),
    "consoles/runbooks/api/down.html": page("api / down", "<h1>Api is down</h1><p>Start it.</p>"),
    "consoles/dashboards/style.css": "body { margin: 0 }\n",
    "consoles/dashboards/index.html": page("Dashboards", '<a href="api/overview.html">Api</a>'),
    "consoles/dashboards/api/overview.html": DASHBOARD,
  };
}

/**
 * Adds a job that runs Prometheus on the workers of `api`, and files for it in `api`. Changes the workspace, the store
 * and the workers like a build and a deploy of the Go program.
 */
export async function addPrometheusJob(bucket: GoBucket): Promise<void> {
  const workspace = {
    ...WORKSPACE,
    "prometheus/Makefile": readFileSync(join(bucket.root, "workspace/jobs/web/Makefile"), "utf8"),
  };
  for (const [path, text] of Object.entries(workspace)) {
    mkdirSync(join(bucket.root, "workspace/jobs", dirname(path)), { recursive: true });
    bucket.write(`workspace/jobs/${path}`, text);
  }
  const own = filesOf(workspace, "prometheus/");
  const ca = await bucket.worker(GO_HOSTS[0]).read(`${bucket.home}/jobs/web/certs/ca.crt`);
  const trees = new Map(PROMETHEUS_HOSTS.map((host) => [host, { ...own, ...rendered(host), "certs/ca.crt": ca }]));
  for (const [host, tree] of trees) await deployed(bucket, host, tree);
  store(bucket, workspace, trees);
}

type Files = Readonly<Record<string, string>>;

function filesOf(workspace: Files, directory: string): Files {
  const own = Object.entries(workspace).filter(([path]) => path.startsWith(directory));
  return Object.fromEntries(own.map(([path, text]) => [path.slice(directory.length), text]));
}

async function deployed(bucket: GoBucket, host: string, tree: Files): Promise<void> {
  const worker = bucket.worker(host);
  const job = `${bucket.home}/jobs/prometheus`;
  const directories = new Set(["data", ...Object.keys(tree).map(dirname)]);
  await worker.run(["mkdir", "-p", ...[...directories].map((path) => `${job}/${path}`)]);
  for (const [path, text] of Object.entries(tree))
    if (!path.endsWith(".tpl")) await worker.write(`${job}/${path}`, text);
  const jobs: object[] = JSON.parse(await worker.read(`${bucket.home}/jobs.json`));
  await worker.write(`${bucket.home}/jobs.json`, JSON.stringify([...jobs, { job: "prometheus", disabled: 0 }]));
}

function store(bucket: GoBucket, workspace: Files, trees: ReadonlyMap<string, Files>): void {
  const db = new Sqlite(join(bucket.root, "data/maand.db"));
  const run = (sql: string, ...values: readonly unknown[]) => db.prepare(sql).run(...values);
  const id = randomUUID();
  run("INSERT INTO job (job_id, name, version, restart_policy) VALUES (?, 'prometheus', ?, 'reload')", id, VERSION);
  run("INSERT INTO job_selectors VALUES (?, 'api')", id);
  run("INSERT INTO job_ports VALUES (?, 'prometheus_port_http', ?)", id, PORT);
  for (const [path, text] of Object.entries(workspace))
    run(
      "INSERT INTO job_files SELECT job_id, ?, ?, 0 FROM job WHERE name = ?",
      path,
      Buffer.from(text),
      path.split("/")[0],
    );
  for (const [host, tree] of trees) {
    const allocation = randomUUID();
    run("INSERT INTO allocations VALUES (?, ?, 'prometheus', 0, 0, 0, ?)", allocation, host, VERSION);
    const sums = Object.entries(tree).map(([path, text]) => [path, createHash("md5").update(text).digest("hex")]);
    const files = JSON.stringify(Object.fromEntries(sums));
    run(
      "INSERT INTO hash VALUES ('prometheus_allocation', ?, 'tree', 'tree', ?, ?, ?)",
      allocation,
      files,
      files,
      VERSION,
    );
    run(
      "INSERT INTO key_value VALUES ('version', ?, ?, 1, '0', '1795897156', 0)",
      VERSION,
      `maand/job/prometheus/worker/${host}`,
    );
  }
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}
