import type { Claim } from "@maand/core";
import { type JsonSchema, jsonSchemaOf } from "@maand/core";
import { SCHEMA_NAMES } from "@maand/core/internal";
import { MANIFEST_KEYS } from "@maand/core/operator";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { jsonSchema } from "./json-schema.ts";

const claim = (description: string, make?: () => JsonSchema): Claim => ({
  description,
  schema: v.unknown(),
  ...(make ? { jsonSchema: make } : {}),
});

const propertiesOf = (schema: JsonSchema): Record<string, JsonSchema> => ({ ...Object(schema.properties) });

describe("the schema of a manifest", () => {
  it("has every key that core reads, and marks older names as deprecated", () => {
    const properties = propertiesOf(jsonSchema("manifest", []));
    expect(Object.keys(properties)).toEqual([...MANIFEST_KEYS, "update_parallel_count", "deploy_parallel_count"]);
    expect(properties.update_parallel_count).toMatchObject({
      deprecationMessage: "An older name of max_concurrent_upgrades.",
    });
  });

  it("has the keys that plugins claim, with their descriptions", () => {
    const claims = {
      team: claim("Who is called.", () => ({ $schema: "x", type: "string" })),
      extra: claim("Anything."),
    };
    const properties = propertiesOf(jsonSchema("manifest", [{ claims }]));
    expect(properties.team).toMatchObject({ description: "Who is called.", type: "string" });
    expect(properties.extra).toEqual({ description: "Anything." });
  });

  it("keeps core's description of a key that a plugin also claims", () => {
    const claims = { commands: claim("Scripts.", () => ({ maxProperties: 2 })) };
    const { commands } = propertiesOf(jsonSchema("manifest", [{ claims }]));
    expect(commands).toMatchObject({ type: "object", allOf: [{ maxProperties: 2 }] });
  });
});

it("a schema refuses control characters in every string, like a build", () => {
  const { team, restart_globs } = propertiesOf(
    jsonSchema("manifest", [{ claims: { team: claim("Who is called.", () => ({ type: "string" })) } }]),
  );
  for (const text of [team, Object(restart_globs).items]) {
    const patterns = [text, ...(Object(text).allOf ?? [])].map(({ pattern }: { pattern?: string }) => pattern ?? "");
    expect(patterns.some((pattern) => pattern !== "" && !new RegExp(pattern, "u").test("a\u001b[31m"))).toBe(true);
  }
});

it.each(SCHEMA_NAMES)("the schema %s describes every key", (name) => {
  expect(silent(jsonSchema(name, []))).toEqual([]);
});

/** Paths of properties without a description. */
function silent(schema: JsonSchema, path = ""): string[] {
  const inner = [schema.items, schema.additionalProperties].flatMap((part) =>
    typeof part === "object" ? silent({ ...part }, path) : [],
  );
  const own = Object.entries(propertiesOf(schema)).flatMap(([key, property]) => [
    ...(typeof property.description === "string" ? [] : [`${path}.${key}`]),
    ...silent(property, `${path}.${key}`),
  ]);
  return [...own, ...inner];
}

describe("a plugin's valibot schema as JSON Schema", () => {
  it("refuses unknown keys", () => {
    const schema = v.looseObject({ a: v.optional(v.string()) });
    expect(jsonSchemaOf(schema)).toEqual({
      type: "object",
      properties: { a: { type: "string" } },
      additionalProperties: false,
    });
  });

  it("keeps the value type of a record, and patterns", () => {
    const schema = v.record(v.pipe(v.string(), v.regex(/^a/, "begins with a")), v.number());
    expect(jsonSchemaOf(schema)).toEqual({
      type: "object",
      propertyNames: { type: "string", pattern: "^a", patternErrorMessage: "begins with a" },
      additionalProperties: { type: "number" },
    });
  });
});
