import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CERTIFICATE_ALERTS, certificateRules } from "./certificate-rules.ts";
import { linkRunbooks } from "./link-runbooks.ts";

const urlOf = (name: string) => `http://127.0.0.81:9090/${name}.html`;

const RULES = `# why
groups:
  - name: api # the group
    interval: 30s
    limit: 10
    rules:
      - record: api:rate
        expr: sum(rate(x[5m]))
      - alert: Slow
        expr: |
          a > 1
            and b
        for: 5m
        keep_firing_for: 10m
        labels: { severity: page, shard: 1.10, on: yes }
        annotations:
          summary: "it's slow"
          runbook: slow
`;

describe("the rules of a server job", () => {
  it("have the URL of a runbook instead of its name, and are otherwise unchanged", () => {
    expect(linkRunbooks(RULES, urlOf)).toBe(
      RULES.replace("runbook: slow", "runbook_url: http://127.0.0.81:9090/slow.html"),
    );
  });

  it("keep their own runbook_url", () => {
    const own = RULES.replace("runbook: slow", "runbook: slow\n          runbook_url: http://wiki/slow");
    expect(linkRunbooks(own, urlOf)).not.toContain("9090");
    expect(linkRunbooks(own, urlOf)).toContain("runbook_url: http://wiki/slow");
  });

  it("stay identical, byte for byte, if they name no runbook", () => {
    const text = "groups:   [ {name: a,rules: [{alert: A,expr: 'runbook > 1'}] } ]";
    expect(linkRunbooks(text, urlOf)).toBe(text);
  });

  it("get the runbook_url in shared annotations too", () => {
    const shared = `groups:
  - name: a
    rules:
      - {alert: A, expr: up, annotations: &a {runbook: slow}}
      - {alert: B, expr: up, annotations: *a}
`;
    const [group] = parse(linkRunbooks(shared, urlOf)).groups;
    const url = "http://127.0.0.81:9090/slow.html";
    expect(group.rules.map((rule: { annotations: object }) => rule.annotations)).toEqual([
      { runbook_url: url },
      { runbook_url: url },
    ]);
  });
});

it("the rules that maand adds are four alerts about the pushed metrics", () => {
  const { groups } = parse(certificateRules());
  expect(groups).toHaveLength(1);
  const { name, rules } = groups[0];
  expect(name).toBe("maand_certs");
  expect(rules.map(({ alert }: { alert: string }) => alert)).toEqual(CERTIFICATE_ALERTS);
  expect(rules.map((rule: { for: string; labels: { severity: string } }) => [rule.for, rule.labels.severity])).toEqual([
    ["1h", "warning"],
    ["5m", "critical"],
    ["1h", "critical"],
    ["5m", "critical"],
  ]);
});
