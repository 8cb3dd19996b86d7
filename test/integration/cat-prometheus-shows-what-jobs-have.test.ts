import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../../packages/cli/src/run/typed.test.support.ts";

const RULES = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up";
const FILES: Readonly<Record<string, string>> = {
  "workers.json": '[{ "host": "10.0.0.1" }, { "host": "10.0.0.2" }]',
  "jobs/prometheus/manifest.json":
    '{ "selectors": ["worker"], "resources": { "ports": { "prometheus_port_http": 9090 } } }',
  "jobs/prometheus/Makefile": "start stop restart:\n",
  "jobs/prometheus/prometheus.yml.tpl": "{{ruleFiles}}\nscrape_configs:{{scrapeConfigs}}\n",
  "jobs/web/manifest.json": '{ "selectors": ["worker"], "resources": { "ports": { "metrics_port": 9100 } } }',
  "jobs/web/Makefile": "start stop restart:\n",
  "jobs/web/_prometheus/scrape.yaml.tpl":
    "- job_name: {{.Job}}\n  static_configs: [{ targets: [maand:port/_implicit] }]",
  "jobs/web/_prometheus/alerts/a.yaml": RULES,
  "jobs/web/_prometheus/alerts/deep/b.yml": RULES.replaceAll("A", "B"),
  "jobs/web/_prometheus/runbooks/slow.md": "# Slow\n",
  "jobs/other/manifest.json": '{ "selectors": ["worker"] }',
  "jobs/other/Makefile": "start stop restart:\n",
};

let root: string;
let typed: ReturnType<typeof typedIn>;

beforeAll(async () => {
  root = await initialised();
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, "workspace", path)), { recursive: true });
    writeFileSync(join(root, "workspace", path), text);
  }
  typed = typedIn(root);
  expect(await typed("build")).toMatchObject({ code: 0 });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("maand cat prometheus", () => {
  it("lists jobs with files for Prometheus", async () => {
    const { out } = await typed("cat", "prometheus", "--json");
    expect(JSON.parse(out)).toEqual([
      { job: "prometheus", server: true, scrape: false, alerts: 0, runbooks: 0, dashboards: 0 },
      { job: "web", server: false, scrape: true, alerts: 2, runbooks: 1, dashboards: 0 },
    ]);
    expect((await typed("cat", "prometheus", "--jobs", "web")).out).toMatch(/web +│ - +│ yes +│ +2 │ +1 │ +0 │/);
  });

  it("prints an empty table if no job has files for Prometheus", async () => {
    const { code, out } = await typed("cat", "prometheus", "--jobs", "other");
    expect([code, out.trimEnd().split("\n").length]).toEqual([0, 4]);
  });

  it("get prints the files of one kind unchanged, with a newline at the end", async () => {
    expect((await typed("cat", "prometheus", "get", "web", "scrape")).out).toBe(
      `${FILES["jobs/web/_prometheus/scrape.yaml.tpl"]}\n`,
    );
    expect((await typed("cat", "prometheus", "get", "web", "alerts")).out).toBe(
      `==> alerts/a.yaml <==\n${RULES}\n==> alerts/deep/b.yml <==\n${RULES.replaceAll("A", "B")}\n`,
    );
    expect(JSON.parse((await typed("cat", "prometheus", "get", "web", "runbooks", "--json")).out)).toEqual([
      { path: "runbooks/slow.md", text: "# Slow\n" },
    ]);
    expect(JSON.parse((await typed("cat", "prometheus", "get", "web", "dashboards", "--json")).out)).toEqual([]);
  });

  it("get prints the file at a path", async () => {
    expect((await typed("cat", "prometheus", "get", "web", "runbooks/slow.md")).out).toBe("# Slow\n");
    expect((await typed("cat", "prometheus", "get", "web", "_prometheus/runbooks/slow.md")).out).toBe("# Slow\n");
  });

  it.each([
    [["web", "dashboards"], "job web has no dashboards"],
    [["web", "alerts/none.yaml"], "job web has no _prometheus/alerts/none.yaml"],
    [["web", "../Makefile"], "job web has no _prometheus/../Makefile"],
    [["wbe", "scrape"], 'there is no job "wbe"'],
  ])("get names the missing job or file: %j", async (words, message) => {
    expect(await typed("cat", "prometheus", "get", ...words)).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    });
  });

  it("scrape prints the rendered scrape configurations", async () => {
    const yaml =
      "- job_name: web\n  static_configs:\n    - targets:\n        - 10.0.0.1:9100\n        - 10.0.0.2:9100\n";
    expect((await typed("cat", "prometheus", "scrape")).out).toBe(yaml);
    expect(JSON.parse((await typed("cat", "prometheus", "scrape", "--json")).out)).toEqual([{ job: "web", yaml }]);
    expect(await typed("cat", "prometheus", "scrape", "--jobs", "other")).toMatchObject({
      code: 2,
      err: expect.stringContaining("no job has a scrape configuration"),
    });
  });
});

describe("maand schema", () => {
  it.each([
    ["scrape", "array"],
    ["rules", "object"],
  ])("prints the schema of a Prometheus file: %s", async (name, type) => {
    const { code, out } = await typed("schema", name);
    expect([code, JSON.parse(out).type]).toEqual([0, type]);
  });
});
