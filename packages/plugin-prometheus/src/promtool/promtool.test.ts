import { execFileSync } from "node:child_process";
import type { Job } from "@maand/core";
import { aJob, callHook, examineContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { aWorkspace, problemsOf, SERVER_MANIFEST } from "../a-workspace.test.support.ts";
import { prometheus } from "../index.ts";

const SCRAPE = "_prometheus/scrape.yaml";
const RULES = "_prometheus/alerts/web.yaml";
const PORTS = { web_metrics_port: 9100 };

function isThere(): boolean {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("a build on a machine with promtool", { skip: !isThere() }, () => {
  const problems = (files: Readonly<Record<string, string>>) => problemsOf(aWorkspace(files, PORTS, "promtool"));

  it("rejects rules that promtool rejects, and names the line", async () => {
    const rules = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: sum(up\n";
    const other = "groups:\n- name: a\n  rules:\n  - alert: B\n    expr: up\n";
    expect(await problems({ [RULES]: rules, "_prometheus/alerts/other.yaml": other })).toEqual([
      `web/${RULES}:5: promtool rejects it: group "a", rule 1, "A": could not parse expression: 1:7: parse error: unclosed left parenthesis`,
    ]);
  });

  it("rejects scrape configurations that promtool rejects, and names the job", async () => {
    const bucket = aWorkspace(
      { [SCRAPE]: "- job_name: web\n  static_configs: [{ targets: ['a:1'] }]\n" },
      PORTS,
      "promtool",
    );
    const bad = "- job_name: bad\n  scrape_interval: 5\n  static_configs: [{ targets: ['a:1'] }]\n";
    bucket.job("bad", { selectors: ["worker"] }, { [SCRAPE]: bad });
    expect(await problemsOf(bucket)).toEqual([
      `bad/${SCRAPE}: promtool rejects it: parsing YAML file bad.yml: not a valid duration string: "5"`,
    ]);
  });

  it("rejects a prometheus.yml that promtool rejects", async () => {
    const bucket = aWorkspace({}, PORTS, "promtool");
    bucket.removeJob("prometheus");
    bucket.job("prometheus", SERVER_MANIFEST, { "prometheus.yml": "global: {scrape_interval: 5}\n" });
    expect(await problemsOf(bucket)).toEqual([
      'prometheus/prometheus.yml: promtool rejects it: parsing YAML file prometheus.yml: not a valid duration string: "5"',
    ]);
  });

  it("accepts what promtool accepts, and prints nothing", async () => {
    const bucket = aWorkspace(
      { [RULES]: "groups:\n- name: a\n  rules:\n  - record: a:b\n    expr: up\n" },
      PORTS,
      "promtool",
    );
    expect(await problemsOf(bucket)).toEqual([]);
    expect(bucket.events.filter(({ type }) => type === "output")).toEqual([]);
  });

  it("is followed by a deploy that rejects an invalid rendered prometheus.yml", async () => {
    const bucket = aWorkspace({}, PORTS, "promtool");
    bucket.removeJob("prometheus");
    bucket.job(
      "prometheus",
      { ...SERVER_MANIFEST, selectors: ["mon"] },
      { "prometheus.yml.tpl": "global:\n  scrape_interval: {{len .Job}}\n" },
    );
    const { outcome, failures } = await bucket.ship();
    expect(outcome).toBe("failed");
    expect(failures.map(({ job, message }) => [job, message])).toEqual([
      [
        "prometheus",
        expect.stringContaining(
          "prometheus.yml: promtool rejects it: parsing YAML file prometheus.yml: not a valid duration string",
        ),
      ],
    ]);
    expect(bucket.fleet.done.filter((what) => what.includes("prometheus"))).toEqual([]);
  });
});

it("a build without promtool reports that it checked only the structure", async () => {
  const bucket = aWorkspace({ [RULES]: "groups:\n- name: a\n  rules:\n  - record: a:b\n    expr: up\n" });
  await bucket.build();
  expect(bucket.events.filter(({ type }) => type === "output")).toMatchObject([
    {
      line: "promtool is not installed on this machine: only the structure of rules and scrape configurations was checked",
    },
  ]);
});

describe("maand doctor", () => {
  const jobs = [
    aJob({ files: [{ path: "prometheus.yml", hash: "h", executable: false, size: 1 }] }),
    aJob({ name: "web" }),
  ];
  const messages = async (promtool: string, of: readonly Job[]) => {
    const context = examineContext({ jobs: of });
    await callHook([prometheus({ promtool })], "examine", context);
    return context.findings.map(({ ok, message }) => [ok, message]);
  };

  it("reports whether promtool is installed, and that it is optional", async () => {
    expect(await messages("/bin/sh", jobs)).toEqual([[true, "promtool is /bin/sh"]]);
    expect(await messages("no-promtool-here", jobs)).toEqual([
      [
        true,
        expect.stringContaining(
          "promtool is not installed; only the structure of rules and scrape configurations is checked",
        ),
      ],
    ]);
  });

  it("does not mention promtool if no job runs Prometheus", async () => {
    expect(await messages("/bin/sh", [aJob({ name: "web" })])).toEqual([]);
  });
});
