import { createHash } from "node:crypto";
import type { FoundFile, TreeFile } from "@maand/core";
import { expect, it } from "vitest";
import { md5 } from "../go-store/md5.ts";
import { asRecorded, compare } from "./compare.ts";

const sha = (text: string) => createHash("sha256").update(text).digest("hex");

interface Case {
  /** The file as maand renders it; undefined if it renders none. */
  readonly wanted?: string;
  /** The file on the worker; undefined if there is none. */
  readonly found?: string;
  /** The file of the last deploy; default: the file on the worker. */
  readonly deployed?: string;
  readonly changedSources?: readonly string[];
  /** The worker does not answer. */
  readonly isDown?: boolean;
}

/** The result for one file of a Prometheus server. */
function judged(path: string, { wanted, found, deployed = found, changedSources = [], isDown = false }: Case) {
  const size = (text: string) => Buffer.byteLength(text);
  const tree: TreeFile[] =
    wanted === undefined
      ? []
      : [{ path, hash: sha(wanted), executable: false, size: size(wanted), content: Buffer.from(wanted) }];
  const sums = new Map(deployed === undefined ? [] : [[path, md5(Buffer.from(deployed))] as const]);
  const there: FoundFile[] =
    found === undefined
      ? []
      : [
          {
            path,
            hash: sha(found),
            md5: md5(Buffer.from(found)),
            size: size(found),
            mode: 0o644,
            content: Buffer.from(found),
          },
        ];
  const { meaningless, pending, refusals, baseline } = compare({
    wanted: tree,
    found: isDown ? asRecorded(sums) : there,
    deployed: sums,
    templates: new Map(),
    isNewVersion: false,
    changedSources: new Set(changedSources),
    read: ({ content }) => content ?? new Uint8Array(),
  });
  const recorded = baseline.map(({ hash }) => (hash === sha(wanted ?? "") ? "as rendered" : "as it is"));
  return [...meaningless, ...pending.map(() => "pending"), ...refusals.map(({ why }) => why), ...recorded];
}

const LAYOUT = ["layout of YAML for Prometheus", "as rendered"];
const OWN = ["pages and alerts that maand creates for Prometheus", "as rendered"];
const CONFIGURATION = "prometheus.yml";
const RULES = "rules/api/api.yaml";

const GO_RULES = `groups:
    - name: api
      rules:
        - alert: ApiDown
          record: ""
          expr: up == 0
          for: ""
          labels: {}
          annotations:
            runbook_url: http://h/consoles/runbooks/api/down.html
`;
const OUR_RULES = `groups:
  # Calls somebody.
  - name: "api"
    rules:
      - { alert: ApiDown, expr: up == 0, annotations: { runbook_url: "http://h/consoles/runbooks/api/down.html" } }
`;

it("a configuration with the same meaning is equal, whatever its layout and the order of its targets", () => {
  const found = `rule_files:\n  - rules/a.yaml\n\n\nscrape_configs:\n  - job_name: a\n    honor_labels: yes\n    static_configs:\n        - targets:\n            - b:1\n            - a:1\n`;
  const wanted = `rule_files:\n  - "rules/a.yaml"\nscrape_configs:\n  - honor_labels: yes\n    job_name: a\n    static_configs: [{ targets: ["a:1", b:1] }]\n`;
  expect(judged(CONFIGURATION, { found, wanted })).toEqual(LAYOUT);
});

it("a configuration whose scrape configurations or rules changed is pending", () => {
  const found = "global: {}\nrule_files: [a]\nscrape_configs: [{ job_name: a }]\n";
  const wanted = "global: {}\nrule_files: [a, b]\nscrape_configs: [{ job_name: b }]\n";
  expect(judged(CONFIGURATION, { found, wanted })).toEqual(["pending", "as it is"]);
});

it("a configuration that differs in another section is rendered differently, and refused", () => {
  const result = judged(CONFIGURATION, { found: "global: { a: [1 2] }\n", wanted: "global: { a: [1, 2] }\n" });
  expect(result).toEqual(["it is rendered differently from how the Go program rendered it", "as rendered"]);
});

it("rules with the same meaning are equal, with the empty fields that the Go program adds", () => {
  expect(judged(RULES, { found: GO_RULES, wanted: OUR_RULES })).toEqual(LAYOUT);
});

it("rules whose fields the Go program left out are refused", () => {
  const wanted = OUR_RULES.replace("rules:", "interval: 5m\n    rules:").replace("expr:", "keep_firing_for: 1h, expr:");
  expect(judged(RULES, { found: GO_RULES, wanted })).toEqual([
    "the Go program omitted fields of its rules, as it does in files with runbooks",
    "as rendered",
  ]);
});

it("rules with another meaning are pending", () => {
  expect(judged(RULES, { found: GO_RULES, wanted: OUR_RULES.replace("up == 0", "up == 1") })).toEqual([
    "pending",
    "as it is",
  ]);
});

it.each([
  "rules/maand/certs.yaml",
  "consoles/runbooks/index.html",
  "consoles/runbooks/api/down.html",
  "consoles/dashboards/index.html",
])("%s belongs to the program, and is never a difference", (path) => {
  expect(judged(path, { found: "by Go", wanted: "by us" })).toEqual(OWN);
});

it("a list of pages that the Go program did not make is not a difference", () => {
  expect(judged("consoles/dashboards/index.html", { wanted: "by us" })).toEqual(OWN);
});

it("a style sheet that only the Go program makes is left alone until the job changes", () => {
  expect(judged("consoles/runbooks/style.css", { found: "by Go" })).toEqual([OWN[0]]);
});

it("a page is pending if its runbook changed since the last build", () => {
  const changedSources = ["api/_prometheus/runbooks/down.md"];
  expect(judged("consoles/runbooks/api/down.html", { found: "by Go", wanted: "by us", changedSources })).toEqual([
    "pending",
    "as it is",
  ]);
});

it("a page and rules that were removed or added are pending", () => {
  expect(judged("consoles/runbooks/api/old.html", { found: "by Go" })).toEqual(["pending", "as it is"]);
  expect(judged(RULES, { wanted: OUR_RULES })).toEqual(["pending"]);
});

it.each([CONFIGURATION, RULES, "consoles/runbooks/index.html"])(
  "%s that was edited on the worker is refused",
  (path) => {
    const result = judged(path, { found: "by: hand", deployed: "by: go", wanted: "by: go # with another layout" });
    expect(result).toEqual(["it was changed on the worker since the last deploy", "as rendered"]);
  },
);

it("files on a worker that does not answer are assumed to be as recorded, until they can be compared", () => {
  for (const path of [CONFIGURATION, RULES, "consoles/runbooks/api/down.html"])
    expect(judged(path, { found: "by: go", wanted: "by: us", isDown: true })).toEqual(["as rendered"]);
});

it("text that is not YAML, or not a map, is never equal", () => {
  expect(judged(RULES, { found: "a: [", wanted: OUR_RULES })).toEqual(["pending", "as it is"]);
  expect(judged(RULES, { found: "text", wanted: OUR_RULES })).toEqual(["pending", "as it is"]);
});
