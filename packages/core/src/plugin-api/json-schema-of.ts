import { createRequire } from "node:module";
import type * as v from "valibot";

/** A JSON Schema, draft 7, which VS Code and JetBrains support best. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A valibot definition as JSON Schema, without `$schema`. Objects that accept unknown keys accept none in the result,
 * so an editor marks the keys that a build warns about. For checks that are functions, it uses the pattern next to them
 * (`looksLike`). The converter is loaded on first use.
 */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  const load: (name: string) => typeof import("@valibot/to-json-schema") = createRequire(import.meta.url);
  const { $schema: _, ...made } = load("@valibot/to-json-schema").toJsonSchema(schema, {
    target: "draft-07",
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      const { required = [], propertyNames, ...rest } = jsonSchema;
      return {
        ...rest,
        ...(required.length > 0 ? { required } : {}),
        ...(hasMoreToSay(propertyNames) ? { propertyNames } : {}),
        ...(valibotSchema.type === "loose_object" ? { additionalProperties: false } : {}),
      };
    },
    overrideAction: ({ valibotAction, jsonSchema }) =>
      valibotAction.type === "regex" && "message" in valibotAction && typeof valibotAction.message === "string"
        ? Object.assign(jsonSchema, { patternErrorMessage: valibotAction.message })
        : undefined,
  });
  return made;
}

/** Whether the schema of property names requires more than a string. */
function hasMoreToSay(propertyNames: unknown): boolean {
  return typeof propertyNames === "object" && propertyNames !== null && Object.keys(propertyNames).length > 1;
}
