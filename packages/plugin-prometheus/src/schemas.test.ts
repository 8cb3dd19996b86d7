import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { rulesJsonSchema } from "./rules/schema.ts";
import { scrapeJsonSchema } from "./scrape/schema.ts";

const ajv = new Ajv({ strict: false });

describe("the schema of scrape.yaml", () => {
  const accepts = ajv.compile(scrapeJsonSchema());
  const targets = { static_configs: [{ targets: ["maand:port/http"], labels: { shard: 1 } }] };

  it("accepts the keys of Prometheus", () => {
    expect(
      accepts([{ job_name: "web", scheme: "https", tls_config: { insecure_skip_verify: true }, ...targets }]),
    ).toBe(true);
  });

  it.each([[[]], [{}], [[{ job_name: "web" }]], [[{ job_name: " ", ...targets }]], [[{ ...targets }]]])(
    "refuses %j",
    (value) => expect(accepts(value)).toBe(false),
  );
});

describe("the schema of rules", () => {
  const accepts = ajv.compile(rulesJsonSchema());
  const file = (rule: object, group: object = {}) => ({ groups: [{ name: "a", rules: [rule], ...group }] });

  it("accepts the keys of Prometheus", () => {
    expect(
      accepts(file({ alert: "A", expr: "up", for: "5m", keep_firing_for: "1h" }, { interval: "30s", limit: 5 })),
    ).toBe(true);
  });

  it.each([[{}], [{ groups: [] }], [file({ alert: "A" })], [file({ alert: "A", expr: "up", labels: "x" })]])(
    "refuses %j",
    (value) => expect(accepts(value)).toBe(false),
  );
});
