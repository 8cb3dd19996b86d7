import { describe, expect, it } from "vitest";
import { aWorkspace, onServer, SERVER, SERVER_MANIFEST, stored } from "./a-workspace.test.support.ts";

const SCRAPE = "_prometheus/scrape.yaml";
const ALL = `- job_name: maand:job
  static_configs:
  - targets: [maand:port/_implicit, "node:9100"]
    labels: {team: maand:job, shard: 1.10}
`;

describe("a build stores in the KV store", () => {
  it("no scrape configurations without a server job", async () => {
    const bucket = aWorkspace({ [SCRAPE]: ALL });
    bucket.removeJob("prometheus");
    await bucket.build();
    expect(await stored(bucket, "scrape_configs")).toBe("[]");
    expect(await stored(bucket, "scrape_jobs")).toBe("");
    expect(await stored(bucket, "scrape_jobs_length")).toBe("0");
    expect(await stored(bucket, "job_name", "maand/job/web")).toBe("web");
  });

  it("the scrape configurations with unchanged values and sorted keys, and the name of the job in Prometheus", async () => {
    const bucket = aWorkspace({
      [SCRAPE]: "- static_configs: [{targets: [maand:port/_implicit]}]\n  job_name: maand:job-x\n",
    });
    await bucket.build();
    const json = '[{"job_name":"maand:job-x","static_configs":[{"targets":["maand:port/_implicit"]}]}]';
    expect(await stored(bucket, "scrape/web")).toBe(json);
    expect(await stored(bucket, "scrape_configs")).toBe(json);
    expect(await stored(bucket, "scrape_jobs")).toBe("web");
    expect(await stored(bucket, "scrape_jobs_length")).toBe("1");
    expect(await stored(bucket, "job_name", "maand/job/web")).toBe("web-x");
  });

  it("no scrape configurations of a disabled job in the list for the server job", async () => {
    const bucket = aWorkspace({ [SCRAPE]: ALL });
    bucket.disable({ jobs: { web: {} } });
    await bucket.build();
    expect(await stored(bucket, "scrape_jobs")).toBe("");
    expect(await stored(bucket, "scrape/web")).toContain("maand:port");
  });

  it("no scrape configurations of a removed job", async () => {
    const bucket = aWorkspace({ [SCRAPE]: ALL });
    await bucket.build();
    bucket.removeJob("web");
    await bucket.build();
    expect(await stored(bucket, "scrape/web")).toBeUndefined();
    expect(await stored(bucket, "scrape_configs")).toBe("[]");
  });
});

describe("scrapeConfigs renders", () => {
  it("each job with the addresses of its active workers, and leaves every value as it was written", async () => {
    const bucket = aWorkspace({ [SCRAPE]: ALL });
    await bucket.ship();
    expect(onServer(bucket, "prometheus.yml")?.split("scrape_configs:")[1]).toBe(
      `
  - job_name: web
    static_configs:
      - targets:
          - 127.0.0.81:9100
          - 127.0.0.82:9100
          - "node:9100"
        labels:
          team: web
          shard: 1.10
`,
    );
  });

  it("the worker that a target names, unless it is disabled", async () => {
    const text = "- job_name: web\n  static_configs:\n  - targets: [maand:port/_implicit/127.0.0.82]\n";
    const bucket = aWorkspace({ [SCRAPE]: text });
    await bucket.ship();
    expect(onServer(bucket, "prometheus.yml")).toContain("- 127.0.0.82:9100");
    bucket.disable({ workers: ["127.0.0.82"] });
    await bucket.ship();
    expect(onServer(bucket, "prometheus.yml")).toBe(
      'global: {}\nrule_files:\n  - "rules/maand/certs.yaml"\nscrape_configs:\n',
    );
  });

  it("configurations with shared anchors and merge keys, without the anchors", async () => {
    const text = `- &base
  job_name: a
  scheme: https
  static_configs: [{targets: ["a:1"]}]
- <<: *base
  job_name: b
  honor_labels: yes
`;
    const bucket = aWorkspace({ [SCRAPE]: text });
    await bucket.ship();
    expect(onServer(bucket, "prometheus.yml")?.split("scrape_configs:")[1]).toBe(
      `
  - job_name: a
    scheme: https
    static_configs:
      - targets:
          - "a:1"
  - job_name: b
    honor_labels: yes
    scheme: https
    static_configs:
      - targets:
          - "a:1"
`,
    );
  });

  it("the output of scrape.yaml.tpl with the values of the build", async () => {
    const text = `- job_name: {{.Job}}-{{get "maand/job/web" "version"}}
  metrics_path: /{{getOptional "vars/job/web" "path"}}
  static_configs: [{targets: ["{{get "maand/job/web" "worker_1"}}:{{add 1 (int (get "maand/job/web" "port_web_metrics_port"))}}"]}]
`;
    const bucket = aWorkspace({ "_prometheus/scrape.yaml.tpl": text, "vars.toml": 'path = "stats"\n' });
    await bucket.ship();
    const config = onServer(bucket, "prometheus.yml");
    expect(config).toContain("- job_name: web-0.0.0\n    metrics_path: /stats\n");
    expect(config).toContain("127.0.0.82:9101");
  });
});

describe("a scrape configuration with a secret", () => {
  const text = `- job_name: web
  basic_auth: {username: u, password: "{{getSecret "password"}}"}
  static_configs: [{targets: ["a:1"]}]
`;

  it("is stored encrypted, and is deployed in a secret file", async () => {
    const bucket = aWorkspace();
    await bucket.build();
    const opened = await bucket.open();
    opened.kv.put("secrets/job/web", "password", "hush-hush");
    opened.close();
    bucket.job("web", { selectors: ["worker"] }, { "_prometheus/scrape.yaml.tpl": text });
    await bucket.build();
    expect(await stored(bucket, "scrape_jobs")).toBe("web");
    expect(await stored(bucket, "scrape/web")).toBeUndefined();
    expect(await stored(bucket, "scrape_configs")).toBe("[]");
    expect(await stored(bucket, "maand_scrape/web", "secrets/job/prometheus")).toContain("hush-hush");
    const [, plan] = await Promise.all([undefined, bucket.plan()]);
    const trees = plan.waves.flatMap(({ jobs }) =>
      jobs.flatMap(({ allocations }) => allocations.map(({ tree }) => tree)),
    );
    const config = trees.flatMap(({ files }) => files).find(({ path }) => path === "prometheus.yml");
    expect(config).toMatchObject({ secret: true });
    expect(Buffer.from(config?.content ?? []).toString()).toContain('password: "hush-hush"');
  });
});

it("a changed scrape configuration changes only the server job", async () => {
  const bucket = aWorkspace({ [SCRAPE]: ALL });
  await bucket.ship();
  bucket.fleet.done.splice(0);
  bucket.write(`jobs/web/${SCRAPE}`, ALL.replace("node:9100", "node:9200"));
  await bucket.ship();
  expect(bucket.fleet.done).toEqual(["stage 127.0.0.81", "restart prometheus@127.0.0.81"]);
  await bucket.ship();
  expect(bucket.fleet.done).toHaveLength(2);
});

it("ruleFiles lists the rule files of all jobs after maand's own file", async () => {
  const rules = (name: string) => `groups:\n- name: g\n  rules:\n  - alert: ${name}\n    expr: up\n`;
  const bucket = aWorkspace({ "_prometheus/alerts/a.yaml": rules("A"), "_prometheus/alerts/deep/a.yaml": rules("B") });
  bucket.job(
    "prometheus",
    { ...SERVER_MANIFEST, selectors: ["mon"] },
    { ...SERVER, "_prometheus/alerts/a.yaml": rules("C") },
  );
  await bucket.ship();
  const paths = ["rules/maand/certs.yaml", "rules/prometheus/a.yaml", "rules/web/a.yaml", "rules/web/deep/a.yaml"];
  expect(onServer(bucket, "prometheus.yml")).toContain(
    `rule_files:\n${paths.map((path) => `  - "${path}"\n`).join("")}`,
  );
  for (const path of paths) expect(onServer(bucket, path)).toContain("groups:");
});
