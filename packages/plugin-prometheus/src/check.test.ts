import { describe, expect, it } from "vitest";
import { aWorkspace, problemsOf, SERVER, SERVER_MANIFEST } from "./a-workspace.test.support.ts";

const SCRAPE = "_prometheus/scrape.yaml";
const RULES = "_prometheus/alerts/web.yaml";

const scraped = (text: string) => problemsOf(aWorkspace({ [SCRAPE]: text }));
const ruled = (text: string, more: Readonly<Record<string, string>> = {}) =>
  problemsOf(aWorkspace({ [RULES]: text, ...more }));

/** A configuration with these lines in its only block. */
const block = (...lines: string[]) => ["- job_name: web", ...lines.map((line) => `  ${line}`), ""].join("\n");
const targets = (...list: string[]) => block("static_configs:", `- targets: ${JSON.stringify(list)}`);
/** A file of rules with these lines in its only rule. */
const rule = (...lines: string[]) =>
  ["groups:", "- name: web", "  rules:", "  - expr: up", ...lines.map((line) => `    ${line}`), ""].join("\n");

describe("a build refuses scrape configurations", () => {
  it.each([
    [
      "that are not YAML",
      "- job_name: [\n",
      [
        `web/${SCRAPE}:2: is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]`,
      ],
    ],
    ["that are empty", "\n", [`web/${SCRAPE}: is empty`]],
    ["that are not a list", "job_name: web\n", [`web/${SCRAPE}:1: must be a list of scrape configurations`]],
    ["without a configuration", "[]\n", [`web/${SCRAPE}:1: must have at least one scrape configuration`]],
    [
      "without targets",
      block("static_configs:", "- labels: {}"),
      [`web/${SCRAPE}:3: [0].static_configs[0].targets: is missing`],
    ],
    [
      "without job_name and static_configs",
      "- scheme: http\n",
      [`web/${SCRAPE}:1: [0].job_name: is missing`, `web/${SCRAPE}:1: [0].static_configs: is missing`],
    ],
    ["with a blank name", targets("a:1").replace("web", '" "'), [`web/${SCRAPE}:1: [0].job_name: must not be blank`]],
    [
      "with targets that are not strings",
      block("static_configs:", "- targets:", "  - 5"),
      [`web/${SCRAPE}:4: [0].static_configs[0].targets[0]: must be a string`],
    ],
    [
      "with other service discovery",
      `${targets("a:1")}  ec2_sd_configs: []\n`,
      [`web/${SCRAPE}:4: [0].ec2_sd_configs: ec2_sd_configs is not supported: maand knows the workers of each job`],
    ],
    [
      "with a port that the job does not declare",
      targets("maand:port/htp"),
      [`web/${SCRAPE}:3: [0].static_configs[0].targets[0]: job web declares no port "htp"`],
    ],
    [
      "without the name of a port",
      targets("maand:port/"),
      [`web/${SCRAPE}:3: [0].static_configs[0].targets[0]: "maand:port/" names no port`],
    ],
    [
      "with an unknown placeholder",
      targets("maand:prot/x"),
      [`web/${SCRAPE}:3: [0].static_configs[0].targets[0]: "maand:prot/x" is not a placeholder of maand`],
    ],
    [
      "with a URL",
      targets("http://a:1"),
      [`web/${SCRAPE}:3: [0].static_configs[0].targets[0]: a target is an address, not a URL`],
    ],
    [
      "with a worker that does not run the job",
      targets("maand:port/_implicit/127.0.0.89"),
      [`web/${SCRAPE}:3: [0].static_configs[0].targets[0]: job web is not on 127.0.0.89`],
    ],
    [
      "with the same name twice",
      `${targets("a:1")}${targets("b:1")}`,
      [`web/${SCRAPE}:4: [1].job_name: the name "web" is twice in this file`],
    ],
  ])("%s", async (_, text, problems) => {
    expect(await scraped(text)).toEqual(problems);
  });

  it("with a name that, once the placeholder is replaced, equals a name of another job", async () => {
    const bucket = aWorkspace({ [SCRAPE]: targets("a:1").replace("web", "maand:job-x") });
    bucket.job("other", { selectors: ["worker"] }, { [SCRAPE]: targets("a:1").replace("web", "web-x") });
    expect(await problemsOf(bucket)).toEqual([`web/${SCRAPE}:1: [0].job_name: the name "web-x" is also in job other`]);
  });

  it("that exist as both a file and a template", async () => {
    const bucket = aWorkspace({ [SCRAPE]: targets("a:1"), [`${SCRAPE}.tpl`]: targets("a:1") });
    expect(await problemsOf(bucket)).toEqual([`web/${SCRAPE}: exists in addition to scrape.yaml.tpl`]);
  });

  it.each([
    [{}, 'finds no port "web_metrics_port" or "metrics_port" in job web'],
    [{ a_metrics_port: 1, b_metrics_port: 2 }, "finds a_metrics_port and b_metrics_port in job web"],
  ])("with a missing or ambiguous implicit port: %j", async (ports, message) => {
    const bucket = aWorkspace({ [SCRAPE]: targets("maand:port/_implicit") }, ports);
    expect(await problemsOf(bucket)).toEqual([
      `web/${SCRAPE}:3: [0].static_configs[0].targets[0]: _implicit ${message}`,
    ]);
  });

  it("with a template that reads a forbidden namespace, with its line and column", async () => {
    const bucket = aWorkspace({ [`${SCRAPE}.tpl`]: '\n{{get "maand/job/prometheus" "version"}}\n' });
    const place = `web/${SCRAPE}.tpl:2:3`;
    expect(await problemsOf(bucket)).toEqual([
      `${place}: at <get "maand/job/prometheus" "version">: get: job web may not read the KV namespace maand/job/prometheus`,
    ]);
  });
});

describe("a build refuses rules", () => {
  it.each([
    [
      "without groups",
      "x: 1\n",
      [
        `web/${RULES}:1: groups: is missing`,
        `web/${RULES}:1: x: Prometheus has no key "x" here, and refuses a file with an unknown key`,
      ],
    ],
    ["with an empty list of groups", "groups: []\n", [`web/${RULES}:1: groups: must have at least one group`]],
    [
      "that are neither alert nor record",
      rule("labels: {a: b}"),
      [`web/${RULES}:4: groups[0].rules[0]: must have exactly one of alert and record`],
    ],
    [
      "that are both alert and record",
      rule("alert: A", "record: b"),
      [`web/${RULES}:4: groups[0].rules[0]: must have exactly one of alert and record`],
    ],
    [
      "without an expression",
      rule("alert: A").replace("expr: up", 'expr: ""'),
      [`web/${RULES}:4: groups[0].rules[0].expr: must not be blank`],
    ],
    [
      "with an invalid duration",
      rule("alert: A", "for: 5"),
      [`web/${RULES}:6: groups[0].rules[0].for: must be a duration such as 5m`],
    ],
    [
      "with a runbook that does not exist",
      rule("alert: A", "annotations:", "  runbook: gone"),
      [`web/${RULES}:7: groups[0].rules[0].annotations.runbook: the runbook "gone" does not exist`],
    ],
    [
      "with the same alert twice",
      `${rule("alert: A")}  - {expr: up, alert: A}\n`,
      [`web/${RULES}:6: groups[0].rules[1].alert: the alert "A" is twice in this file`],
    ],
    [
      "with the name of an alert that maand adds",
      rule("alert: MaandCertificateExpired"),
      [
        `web/${RULES}:5: groups[0].rules[0].alert: the alert "MaandCertificateExpired" is also in the rules that maand adds`,
      ],
    ],
    [
      "that are recording rules with a duration in for",
      rule("record: a:b", "for: 5m"),
      [`web/${RULES}:6: groups[0].rules[0].for: a recording rule has no for`],
    ],
  ])("%s", async (_, text, problems) => {
    expect(await ruled(text)).toEqual(problems);
  });

  it("with many mistakes, and reports all of them", async () => {
    const text = `groups:
- name: a
  rules:
  - alert: A
    record: b
    expr: ""
    annotations: { runbook: gone }
  - none
- name: a
  rules: [{ alert: A, expr: up }]
`;
    expect((await ruled(text)).sort()).toEqual([
      `web/${RULES}:10: groups[1].rules[0].alert: the alert "A" is twice in this file`,
      `web/${RULES}:4: groups[0].rules[0]: must have exactly one of alert and record`,
      `web/${RULES}:6: groups[0].rules[0].expr: must not be blank`,
      `web/${RULES}:7: groups[0].rules[0].annotations.runbook: the runbook "gone" does not exist`,
      `web/${RULES}:7: groups[0].rules[0].annotations: a recording rule has no annotations`,
      `web/${RULES}:8: groups[0].rules[1]: must be a map: an alerting or a recording rule`,
      `web/${RULES}:9: groups[1].name: the group "a" occurs twice in this file`,
    ]);
  });

  it("with the same name in a subdirectory of alerts", async () => {
    const found = await ruled(rule("alert: A"), { "_prometheus/alerts/deep/more.yml": rule("alert: A") });
    expect(found).toEqual([
      `web/${RULES}:5: groups[0].rules[0].alert: the alert "A" is also in workspace/jobs/web/_prometheus/alerts/deep/more.yml`,
    ]);
  });

  it("with a key that Prometheus does not support", async () => {
    expect(await ruled(rule("alert: A", "anotations: {}"))).toEqual([
      `web/${RULES}:6: groups[0].rules[0].anotations: Prometheus has no key "anotations" here, and refuses a file with an unknown key`,
    ]);
  });
});

describe("a build refuses", () => {
  it("links in a runbook to files that do not exist", async () => {
    const text =
      "# Slow\n\n[Down](down.md#why), [all](../index.html), [gone](gone.md)\nand ![a](a.png), [up](../down.md)\n";
    const files = { "_prometheus/runbooks/slow.md": text, "_prometheus/runbooks/down.md": "# Down\n" };
    expect(await problemsOf(aWorkspace(files))).toEqual([
      'web/_prometheus/runbooks/slow.md:3: the target of the link "gone.md" does not exist',
      'web/_prometheus/runbooks/slow.md:3: the target of the link "a.png" does not exist',
      'web/_prometheus/runbooks/slow.md:3: the target of the link "../down.md" does not exist',
    ]);
  });

  it("a server job without an HTTP port, or with files in directories that maand writes to", async () => {
    const bucket = aWorkspace();
    bucket.job("prometheus", { selectors: ["mon"] }, { ...SERVER, "rules/a.yaml": "groups: []\n" });
    expect(await problemsOf(bucket)).toEqual([
      'prometheus/manifest.json: resources.ports: job prometheus has a prometheus.yml but no port "prometheus_port_http"',
      "prometheus/rules/a.yaml: is in a directory where maand writes the rules and pages of all jobs",
    ]);
  });

  it("a server job with a missing CA or an invalid key prometheus", async () => {
    const bucket = aWorkspace();
    bucket.job(
      "prometheus",
      { ...SERVER_MANIFEST, prometheus: { scheme: "https", ca_file: "secrets/none.crt" } },
      SERVER,
    );
    expect(await problemsOf(bucket)).toEqual([
      `prometheus/manifest.json:1: prometheus.ca_file: the file ${bucket.root}/secrets/none.crt does not exist`,
    ]);
    bucket.job("prometheus", { ...SERVER_MANIFEST, prometheus: { scheme: "ftp" } }, SERVER);
    expect(await problemsOf(bucket)).toEqual([
      expect.stringMatching(/^prometheus\/manifest\.json.*prometheus\.scheme: must be "http" or "https"$/),
    ]);
  });

  it("several mistakes, and reports all of them", async () => {
    const found = await problemsOf(
      aWorkspace({
        [SCRAPE]: targets("maand:port/x", "maand:port/y"),
        [RULES]: rule("alert: A", "record: b"),
        "_prometheus/runbooks/empty.md": "",
      }),
    );
    expect(found).toHaveLength(4);
  });
});

describe("a build warns", () => {
  it("about a prometheus.yml that omits the scrape configurations and rules of the jobs", async () => {
    const bucket = aWorkspace({ [SCRAPE]: targets("a:1"), [RULES]: rule("alert: A") });
    bucket.job("prometheus", SERVER_MANIFEST, { "prometheus.yml.tpl": "global: {}\n" });
    expect(await problemsOf(bucket)).toEqual([
      "prometheus/prometheus.yml.tpl: omits the scrape configurations of the jobs",
      "prometheus/prometheus.yml.tpl: omits the rules of the jobs",
    ]);
  });

  it("about a CA that is not used", async () => {
    const bucket = aWorkspace();
    bucket.job("prometheus", { ...SERVER_MANIFEST, prometheus: { ca_file: "maand.conf" } }, SERVER);
    expect(await problemsOf(bucket)).toEqual([
      "prometheus/manifest.json:1: prometheus.ca_file: is not used without TLS",
    ]);
  });

  it("about files that Prometheus does not use", async () => {
    expect(await problemsOf(aWorkspace({ "_prometheus/alert/a.yaml": "x" }))).toEqual([
      "web/_prometheus/alert/a.yaml: is not a file for Prometheus",
    ]);
  });
});

it("a build without a server job does not check the files for Prometheus", async () => {
  const bucket = aWorkspace({ [SCRAPE]: "[" });
  bucket.removeJob("prometheus");
  expect(await problemsOf(bucket)).toEqual([]);
});
